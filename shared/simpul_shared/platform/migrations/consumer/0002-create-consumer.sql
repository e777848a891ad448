-- Effect once: these rows are written in the transaction of the handlers' own writes.
create table consumer_offset (
    consumer text not null,
    topic text not null,
    partition integer not null,
    next_offset bigint not null,
    updated_at timestamptz not null default now(),
    constraint consumer_offset_pkey primary key (consumer, topic, partition)
);
comment on table consumer_offset is 'The next offset to apply; Kafka''s own committed offsets are only a mirror of it';

create table applied_version (
    consumer text not null,
    aggregate_id uuid not null,
    version bigint not null,
    constraint applied_version_pkey primary key (consumer, aggregate_id)
);
comment on table applied_version is 'The last version applied per aggregate; events sent again at new offsets are told by it';

create table dead_letter (
    dead_letter_id bigint generated always as identity constraint dead_letter_pkey primary key,
    consumer text not null,
    topic text not null,
    partition integer not null,
    record_offset bigint not null,
    key bytea,
    value bytea,
    headers jsonb not null,
    aggregate_id uuid,
    aggregate_version bigint,
    state text not null constraint dead_letter_state_known check (state in ('poison', 'waiting', 'resolved', 'dismissed')),
    reason text not null,
    detail text not null,
    attempts integer not null,
    first_seen_at timestamptz not null default now(),
    resolved_at timestamptz,
    constraint dead_letter_record_key unique (consumer, topic, partition, record_offset)
);
create index dead_letter_open_idx on dead_letter (consumer, aggregate_id, aggregate_version) where state in ('poison', 'waiting');
comment on table dead_letter is 'Records that could not be applied (poison) and the later events of the same aggregate waiting behind them';

create table low_water_mark (
    consumer text not null,
    service text not null,
    shard smallint not null,
    through timestamptz not null,
    offsets jsonb not null,
    constraint low_water_mark_pkey primary key (consumer, service, shard, through)
);
comment on table low_water_mark is 'Marks received from each service; one is applied when consumer_offset has reached its offsets';

grant select, insert, update on consumer_offset, applied_version, dead_letter to simpul_app;
grant select, insert, update, delete on low_water_mark to simpul_app;
