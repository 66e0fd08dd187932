-- Tables that exist before any model runs: those of landing, the clock and the journal, and the
-- append-only decisions, which sequences read before the models add to them.
-- Safe to run again. Instants are UTC.

create schema if not exists control;
create schema if not exists raw;
create schema if not exists decisions;
create schema if not exists segments;
create schema if not exists scores;

create table if not exists control.clock (as_of timestamptz not null, is_simulated boolean not null);
-- The clock as models read it that depend on its UTC day alone, or that only need to know which rows
-- are known (dbt/macros/clock.sql).
create view if not exists control.today as
select cast(make_timestamp(epoch_us(as_of)) as date) as day from control.clock;
create view if not exists control.known as select as_of from control.clock;
create table if not exists control.parameters (name varchar not null, value double not null);
-- The example that the installation runs, '' for none (dbt/macros/registry_use.sql).
create table if not exists control.example (name varchar not null);

-- The facts that each incremental model has taken in: known at `as_of`, from the files up to
-- `file_no`. Written in the model's own transaction (dbt/macros/arrivals.sql).
create table if not exists control.watermarks (
    model varchar primary key,
    as_of timestamptz not null,
    file_no bigint not null,
);

-- The last build of each model and the last passed run of each test: the version of the rows, the
-- code that ran, and the version of each relation that it read (dagster_project/project/runner.py).
create table if not exists control.builds (
    relation varchar primary key,
    version varchar not null,
    code varchar not null,
    definition varchar not null,
    inputs json not null,
);
-- Of a version that kept tables by marks written by hand.
drop table if exists control.kept_tables;
drop table if exists control.kept_models;

-- The last copy for BI: its clock, the machine's time, and what the tick reports about it.
create table if not exists control.published (
    as_of timestamptz,
    published_at timestamptz not null,
    note varchar,
);
comment on column control.published.as_of is 'The clock: facts count up to this instant.';
comment on column control.published.published_at is 'When this copy was made, by the machine''s time.';
comment on column control.published.note is 'What the tick reports about the copy; null for nothing.';

-- A mark of how DuckDB hashes; see rehash() in dagster_project/landing.
create table if not exists control.hash_marks (mark ubigint not null);

-- The journal of this warehouse: its mark, the last change that is loaded into raw.attempts, and the
-- last change that was seen. One row; see dagster_project/tick/pairing.py.
create table if not exists control.journal (
    mark varchar not null,
    is_paired boolean not null,
    loaded bigint not null,
    seen bigint not null,
);

create table if not exists raw.files (
    file_id varchar not null,
    file_no bigint not null,
    path varchar not null,
    sha256 varchar not null,
    kind varchar not null,
    table_name varchar,
    is_full boolean not null,
    received_at timestamptz,
    rows_landed bigint not null,
    rows_duplicate bigint not null,
    rows_rejected bigint not null,
    bytes bigint not null,
    modified_ns bigint not null,
    mapping varchar not null,
    columns varchar[],
    notices varchar[] not null,
    error varchar,
    landed_at timestamptz not null,
);

-- The file at each path at its last reading: an unchanged file is not read again.
create table if not exists raw.file_paths (
    path varchar not null,
    kind varchar not null,
    bytes bigint not null,
    modified_ns bigint not null,
    file_id varchar not null,
);

create table if not exists raw.rejects (
    file_id varchar not null,
    line bigint,
    reason varchar not null,
    content varchar,
);

-- The last fetch of each source on S3 or in PostgreSQL.
create table if not exists raw.fetches (
    source varchar primary key,
    tried_at timestamptz not null,
    succeeded_at timestamptz,
    files bigint not null,
    error varchar,
);

-- An event of a contact has a contact_key; an event of a company has only a company_key.
create table if not exists raw.events (
    event_id varchar not null,
    contact_key varchar,
    company_key varchar,
    name varchar not null,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    properties json not null,
    file_id varchar not null,
    file_no bigint not null,
    event_hash ubigint not null,
);

-- For a warehouse of a version without events of companies.
alter table raw.events add column if not exists company_key varchar;

create table if not exists raw.tracking (
    event_id varchar not null,
    send_id varchar,
    email varchar,
    type varchar not null,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    detail json not null,
    provider varchar not null,
    file_id varchar not null,
    file_no bigint not null,
    event_hash ubigint not null,
);

create table if not exists raw.attempts (
    send_id varchar not null,
    attempt integer not null,
    status varchar not null,
    sender varchar not null,
    message_id varchar not null,
    provider_message_id varchar,
    smtp_code integer,
    fault varchar,
    detail varchar,
    email_hash varchar,
    started_at timestamptz not null,
    finished_at timestamptz,
    next_try_at timestamptz,
    updated_at timestamptz not null,
);

create table if not exists decisions.contact_keys (
    key_kind varchar not null,
    key varchar not null,
    contact_id varchar not null,
    found_in varchar not null,
    decided_at timestamptz not null,
    evidence varchar,
);

create table if not exists decisions.contact_merges (
    merge_id varchar not null,
    contact_id varchar not null,
    merged_into varchar not null,
    evidence varchar not null,
    ordinal bigint not null,
    decided_at timestamptz not null,
);

create table if not exists decisions.segment_changes (
    change_id varchar not null,
    segment varchar not null,
    contact_id varchar not null,
    change varchar not null,
    ordinal bigint not null,
    decided_at timestamptz not null,
    reason varchar not null default 'rule',
);
-- For a warehouse of a version without this column.
alter table decisions.segment_changes add column if not exists reason varchar default 'rule';

create table if not exists decisions.trigger_firings (
    firing_id varchar not null,
    trigger varchar not null,
    contact_id varchar not null,
    fired_at timestamptz not null,
    decided_at timestamptz not null,
    evidence json not null,
);

create table if not exists decisions.trigger_rearms (
    firing_id varchar not null,
    trigger varchar not null,
    contact_id varchar not null,
    decided_at timestamptz not null,
    evidence json not null,
);

create table if not exists decisions.enrollment_starts (
    enrollment_id varchar not null,
    sequence varchar not null,
    contact_id varchar not null,
    firing_id varchar not null,
    fired_at timestamptz not null,
    enrolled_at timestamptz not null,
);

create table if not exists decisions.enrollment_refusals (
    enrollment_id varchar not null,
    sequence varchar not null,
    contact_id varchar not null,
    firing_id varchar not null,
    reason varchar not null,
    decided_at timestamptz not null,
);

create table if not exists decisions.enrollment_exits (
    enrollment_id varchar not null,
    sequence varchar not null,
    contact_id varchar not null,
    exited_at timestamptz not null,
    exit_reason varchar not null,
);

create table if not exists decisions.step_decisions (
    send_id varchar not null,
    enrollment_id varchar not null,
    sequence varchar not null,
    contact_id varchar not null,
    step varchar not null,
    action varchar not null,
    template varchar,
    due_at timestamptz not null,
    expires_at timestamptz not null,
    decided_at timestamptz not null,
    decision varchar not null,
    variant varchar not null,
    reason varchar not null,
);

create table if not exists decisions.gate_stops (
    gate_stop_id varchar not null,
    send_id varchar not null,
    gate varchar not null,
    reason varchar not null,
    decided_at timestamptz not null,
);

-- Days that are over, as known at their end. Backfills (replay/) fill them, not ticks. Descriptions:
-- models/segments/__sources.yml and models/scores/__sources.yml.
create table if not exists segments.membership_daily (
    day date not null,
    segment varchar not null,
    contact_id varchar not null,
);

create table if not exists scores.daily (
    day date not null,
    score varchar not null,
    contact_id varchar not null,
    points decimal(18, 4) not null,
);
