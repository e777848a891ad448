-- The ledger is the outbox: written in the command's transaction, read by the relay in (xid, id) order below the horizon.
create table ledger (
    id bigint generated always as identity,
    xid xid8 not null default pg_current_xact_id(),
    shard smallint not null,
    recorded_at timestamptz not null,
    recorded_on date not null,
    event_id uuid not null,
    event_type text not null,
    aggregate_type text not null,
    aggregate_id uuid not null,
    aggregate_version bigint not null,
    topic text not null,
    key bytea not null,
    traceparent text,
    value bytea not null,
    constraint ledger_pkey primary key (recorded_on, id)
) partition by range (recorded_on);
-- Without it every page is sorted anew, at less than half the speed.
create index ledger_relay_idx on ledger (shard, xid, id);
create index ledger_aggregate_idx on ledger (aggregate_id, aggregate_version);
create table ledger_default partition of ledger default;
comment on table ledger is 'Append-only record of every event, by day (UTC); what the relay publishes and a lost topic is rebuilt from';
comment on column ledger.recorded_on is 'UTC day of recorded_at; the partition key';

create table aggregate_version (
    aggregate_id uuid constraint aggregate_version_pkey primary key,
    aggregate_type text not null,
    version bigint not null constraint aggregate_version_positive check (version > 0)
);
comment on table aggregate_version is 'The last version given out per aggregate: 1, 2, 3, ... without gaps';

create table relay_cursor (
    shard smallint constraint relay_cursor_pkey primary key,
    xid xid8 not null default '0',
    id bigint not null default 0,
    recorded_on date not null default '-infinity',
    offsets jsonb not null default '{}',
    marked_through timestamptz not null default '-infinity'
);
insert into relay_cursor (shard) values (0), (1);
comment on table relay_cursor is 'Per shard the last published row, the Kafka offsets reached ({topic: {partition: next}}) and the last low-water mark';

-- The app role may not create tables, yet days go on: the owner's function makes the partitions of the days to come.
create function ensure_ledger_partitions(ahead integer) returns integer
language plpgsql security definer set search_path = public as $$
declare
    day date;
    made integer := 0;
begin
    for day in select d::date from generate_series(now() at time zone 'UTC', (now() at time zone 'UTC') + make_interval(days => ahead), interval '1 day') as d loop
        if to_regclass('ledger_' || to_char(day, 'YYYYMMDD')) is not null then
            continue;
        end if;
        -- Rows that already fell into the default partition keep that day there: a partition over them could not be made.
        if exists (select from ledger_default where recorded_on = day) then
            continue;
        end if;
        execute format('create table %I partition of ledger for values from (%L) to (%L)', 'ledger_' || to_char(day, 'YYYYMMDD'), day, day + 1);
        made := made + 1;
    end loop;
    return made;
end
$$;
select ensure_ledger_partitions(14);

create table idempotency (
    client_id text not null,
    key text not null,
    fingerprint bytea not null,
    status smallint not null,
    headers jsonb not null,
    body bytea not null,
    created_at timestamptz not null default now(),
    constraint idempotency_pkey primary key (client_id, key)
);
create index idempotency_created_at_idx on idempotency (created_at);
comment on table idempotency is 'The answer of every acknowledged POST, stored in its transaction; a repeat gets it again';

grant select, insert on ledger to simpul_app;
grant select, insert, update on aggregate_version, relay_cursor to simpul_app;
grant select, insert, delete on idempotency to simpul_app;
revoke execute on function ensure_ledger_partitions(integer) from public;
grant execute on function ensure_ledger_partitions(integer) to simpul_app;
