-- Who receives letters: a confirmed choice with its proof. The id is random, and all that facts say of them.
CREATE TABLE subscriber (
    id uuid PRIMARY KEY,
    person_key text NOT NULL UNIQUE,
    email text, -- null once forgotten
    lang text NOT NULL DEFAULT 'fr',
    version integer NOT NULL DEFAULT 1,
    status text NOT NULL CHECK (status IN ('subscribed', 'unsubscribed')),
    topics text[] NOT NULL,
    department text,
    proof_event uuid, -- the event their consent follows from
    proof_words text NOT NULL, -- what they read when they agreed
    confirmed_at timestamptz NOT NULL,
    ended_at timestamptz,
    demonstration boolean NOT NULL DEFAULT false,
    CONSTRAINT subscribed_has_address CHECK (status <> 'subscribed' OR email IS NOT NULL)
);
CREATE INDEX subscriber_topics ON subscriber USING gin (topics) WHERE status = 'subscribed';

-- Somebody asked for letters and has not confirmed yet; forgotten after thirty days.
CREATE TABLE subscription_request (
    id uuid PRIMARY KEY,
    person_key text NOT NULL,
    email text NOT NULL,
    lang text NOT NULL,
    topics text[] NOT NULL,
    department text,
    words text NOT NULL,
    mailed boolean NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    confirmed_at timestamptz
);
CREATE INDEX subscription_request_person ON subscription_request (person_key, asked_at);

-- No letter goes to these any more, whatever else we are told.
CREATE TABLE suppression (
    person_key text PRIMARY KEY,
    reason text NOT NULL CHECK (reason IN ('left', 'refused')),
    since timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE campaign (
    id uuid PRIMARY KEY,
    version integer NOT NULL DEFAULT 1,
    kind text NOT NULL CHECK (kind IN ('newsletter', 'targeted')),
    status text NOT NULL CHECK (status IN ('draft', 'approved', 'sending', 'sent')),
    subject text NOT NULL,
    editorial text NOT NULL DEFAULT '', -- Markdown
    topic text NOT NULL,
    department text,
    send_at timestamptz,
    approved_by text,
    approved_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    recipients integer NOT NULL DEFAULT 0,
    accepted integer NOT NULL DEFAULT 0,
    content jsonb, -- what it says, frozen when it leaves
    correlation_id uuid, -- the story of its approval; its letters carry it on
    demonstration boolean NOT NULL DEFAULT false,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX one_newsletter_in_draft ON campaign (kind) WHERE kind = 'newsletter' AND status = 'draft';
CREATE INDEX campaign_due ON campaign (send_at) WHERE status IN ('approved', 'sending');

CREATE TABLE campaign_item (
    campaign_id uuid NOT NULL REFERENCES campaign ON DELETE CASCADE,
    item_kind text NOT NULL CHECK (item_kind IN ('gathering', 'watch', 'organisation')),
    item_id uuid NOT NULL,
    position integer NOT NULL,
    dropped boolean NOT NULL DEFAULT false,
    PRIMARY KEY (campaign_id, item_kind, item_id)
);

-- Each item is told once.
CREATE TABLE told (
    item_kind text NOT NULL,
    item_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    PRIMARY KEY (item_kind, item_id)
);

-- Every mail, service mails (priority 0) before letters (9). A row is claimed and committed before SMTP hears of it.
CREATE TABLE outgoing (
    id uuid PRIMARY KEY,
    event_id uuid UNIQUE, -- the event it follows from
    campaign_id uuid REFERENCES campaign,
    subscriber_id uuid,
    kind text NOT NULL,
    priority smallint NOT NULL,
    person_key text NOT NULL,
    recipient text, -- null once forgotten
    domain text NOT NULL,
    lang text NOT NULL DEFAULT 'fr',
    words jsonb, -- what it says; dropped once it left, links in it are keys
    registration_id uuid,
    registration_version integer,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'skipped')),
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT now(),
    worker uuid,
    perhaps_twice boolean NOT NULL DEFAULT false, -- its worker died: the same Message-ID may have left already
    reason text,
    demonstration boolean NOT NULL DEFAULT false,
    correlation_id uuid NOT NULL DEFAULT gen_random_uuid(), -- the story it belongs to
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    UNIQUE (campaign_id, subscriber_id)
) WITH (fillfactor = 70);
CREATE INDEX outgoing_due ON outgoing (priority, next_at, id) WHERE state = 'queued';
CREATE INDEX outgoing_claimed ON outgoing (worker) WHERE state = 'sending';
CREATE INDEX outgoing_ended ON outgoing (ended_at) WHERE recipient IS NOT NULL;

-- Processes that send, and when they last said so.
CREATE TABLE sender (
    worker uuid PRIMARY KEY,
    seen_at timestamptz NOT NULL DEFAULT now()
);

-- What the facts of others say that letters need.
CREATE TABLE known_gathering (
    gathering_id uuid PRIMARY KEY,
    version integer NOT NULL,
    status text NOT NULL,
    slug text NOT NULL,
    title text NOT NULL,
    kind text NOT NULL,
    mode text,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    by_hour boolean NOT NULL, -- false: only the day is known
    capacity integer,
    place text,
    department text,
    group_slug text,
    source text,
    demonstration boolean NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX known_gathering_coming ON known_gathering (starts_at) WHERE status = 'published';

CREATE TABLE known_registration (
    registration_id uuid PRIMARY KEY,
    version integer NOT NULL,
    gathering_id uuid NOT NULL,
    status text NOT NULL,
    demonstration boolean NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX known_registration_confirmed ON known_registration (gathering_id) WHERE status = 'confirmed';

CREATE TABLE known_organisation (
    organisation_id uuid PRIMARY KEY,
    version integer NOT NULL,
    status text NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    department text,
    published_on date,
    source text,
    demonstration boolean NOT NULL,
    recorded_at timestamptz NOT NULL
);

CREATE TABLE known_watch_item (
    item_id uuid PRIMARY KEY,
    version integer NOT NULL,
    status text NOT NULL,
    watch_class text NOT NULL,
    title text NOT NULL,
    url text NOT NULL,
    deadline date,
    departments text[] NOT NULL,
    occurred_on date NOT NULL,
    demonstration boolean NOT NULL,
    recorded_at timestamptz NOT NULL
);

CREATE TABLE known_group (
    slug text PRIMARY KEY,
    version integer NOT NULL,
    name text NOT NULL,
    demonstration boolean NOT NULL,
    recorded_at timestamptz NOT NULL
);

-- Who is in a group, by whichever of joining (named) and leaving (not named) is told first.
CREATE TABLE known_membership (
    membership_id uuid PRIMARY KEY,
    person_key text,
    topic text,
    named_at timestamptz,
    left_at timestamptz
);
CREATE INDEX known_membership_person ON known_membership (person_key, topic);

-- When a service's fictional season was taken away: its older facts, if they come late, are not learnt.
CREATE TABLE demonstration_end (
    service text NOT NULL,
    ended_at timestamptz NOT NULL
);
