-- Run once by the PostgreSQL superuser: one database and one role a service, so that a cross-service join is impossible.
-- By hand: DB_PASSWORD_REGISTRY=... DB_PASSWORD_EVENTS=... psql -v ON_ERROR_STOP=1 -U postgres -f deploy/postgres.sql
\set ON_ERROR_STOP on
\getenv registry_password DB_PASSWORD_REGISTRY
\getenv events_password DB_PASSWORD_EVENTS
\getenv mailing_password DB_PASSWORD_MAILING
\getenv observatory_password DB_PASSWORD_OBSERVATORY

CREATE ROLE registry LOGIN PASSWORD :'registry_password';
CREATE ROLE events LOGIN PASSWORD :'events_password';
CREATE ROLE mailing LOGIN PASSWORD :'mailing_password';
CREATE ROLE observatory LOGIN PASSWORD :'observatory_password';

CREATE DATABASE registry OWNER registry TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C';
CREATE DATABASE events OWNER events TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C';
CREATE DATABASE mailing OWNER mailing TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C';
CREATE DATABASE observatory OWNER observatory TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C';

REVOKE ALL ON DATABASE registry, events, mailing, observatory, postgres, template1 FROM PUBLIC;

\connect registry
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION IF NOT EXISTS btree_gist;

\connect events
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION IF NOT EXISTS btree_gist;

\connect mailing
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION IF NOT EXISTS btree_gist;

\connect observatory
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION IF NOT EXISTS btree_gist;
