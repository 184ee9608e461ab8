-- A claim goes from lane to lane (urgency and domain), and reads no more letters than it takes.
CREATE INDEX outgoing_lane ON outgoing (priority, domain, next_at, id) WHERE state = 'queued' AND recipient IS NOT NULL;
DROP INDEX outgoing_due;
