-- Where regions came from, and how far the shipped edition of the region data is loaded.
create table region_lineage (
    event_id uuid not null,
    region_id uuid not null,
    from_region_id uuid not null,
    kind text not null,
    from_code text not null,
    to_code text not null,
    effective_on date not null,
    basis text not null,
    confidence text not null,
    recorded_at timestamptz not null,
    constraint region_lineage_pkey primary key (event_id),
    constraint region_lineage_kind_known check (kind in ('RECODED', 'RENAMED', 'SPLIT', 'REUSED')),
    constraint region_lineage_confidence_known check (confidence in ('HIGH', 'LOW')),
    constraint region_lineage_same_place check ((kind in ('RECODED', 'RENAMED')) = (region_id = from_region_id))
);
create index region_lineage_region_idx on region_lineage (region_id);
create index region_lineage_from_idx on region_lineage (from_region_id);
comment on table region_lineage is 'Changes between two decrees: what a place was called and coded before, what was cut from what';
comment on column region_lineage.from_region_id is 'Who bore from_code on the day before; for REUSED another place than region_id';
comment on column region_lineage.confidence is 'LOW = inferred from little; the identity may be overruled';

create table region_load (
    edition text not null,
    total integer not null,
    done integer not null default 0,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    constraint region_load_pkey primary key (edition),
    constraint region_load_done_within_total check (done between 0 and total),
    constraint region_load_finished_when_done check ((done = total) = (finished_at is not null))
);
comment on table region_load is 'How many events of an edition of the region data (SHA-256 of its files) are published; a killed load goes on from there';

-- Names are searched by any part of them.
create extension if not exists pg_trgm;
create index region_version_name_idx on region_version using gin (name gin_trgm_ops);

grant select, insert on region_lineage to simpul_app;
grant select, insert, update on region_load to simpul_app;
