-- Which regions there are, over time: the registry's own rows, and the copies that other services keep from its events.
create table region_version (
    region_id uuid not null,
    scheme text not null,
    code text not null,
    name text not null,
    level text not null,
    kind text not null,
    parent_id uuid,
    path uuid[] not null,
    timezone text not null,
    valid_from date not null,
    valid_to date not null,
    decree text not null,
    recorded_at timestamptz not null,
    superseded_at timestamptz not null default 'infinity',
    event_id uuid not null,
    aggregate_version bigint not null,
    constraint region_version_pkey primary key (region_id, valid_from, recorded_at),
    constraint region_version_interval check (valid_from < valid_to),
    constraint region_version_path_ends_in_itself check (path[array_upper(path, 1)] = region_id)
);
create index region_version_code_idx on region_version (code text_pattern_ops, valid_from);
create index region_version_parent_idx on region_version (parent_id) where superseded_at = 'infinity';
create index region_version_path_idx on region_version using gin (path) where superseded_at = 'infinity';
comment on table region_version is 'One row per interval in which a region''s code, name and place in the hierarchy stayed the same';
comment on column region_version.path is 'Region ids from the country down to the region itself';
comment on column region_version.valid_from is 'Inclusive; -infinity = before records';
comment on column region_version.valid_to is 'Exclusive; infinity = still valid';
comment on column region_version.superseded_at is 'When a later event replaced this row''s statement; infinity = current belief';
grant select, insert, update on region_version to simpul_app;
