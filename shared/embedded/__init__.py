"""The servers of the one-machine mode: PostgreSQL, NATS and a mailbox, in one data folder, for one `maillage run`."""
