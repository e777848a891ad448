-- Targets are reporting's own aggregate. Each revision is a row; the one before is closed, never overwritten.
create table target_version (
    target_id uuid not null,
    version bigint not null,
    programme_year integer not null,
    indicator text not null,
    region_id uuid not null,
    parent_target_id uuid,
    value integer not null,
    basis text not null,
    reason text,
    event_id uuid not null,
    recorded_at timestamptz not null,
    superseded_at timestamptz not null default 'infinity',
    constraint target_version_pkey primary key (target_id, version),
    constraint target_version_value_not_negative check (value >= 0)
);
create unique index target_version_current_key on target_version (target_id) where superseded_at = 'infinity';
create unique index target_version_region_key on target_version (programme_year, indicator, region_id)
    where superseded_at = 'infinity';
create index target_version_parent_idx on target_version (parent_target_id) where superseded_at = 'infinity';
create index target_version_year_idx on target_version (programme_year);
comment on table target_version is 'What is to be reached in a programme year, by indicator and region';
comment on column target_version.parent_target_id is 'The target this one is a share of: the sum of the shares may not exceed it';
comment on column target_version.superseded_at is 'When the next revision was recorded; infinity = current';

grant select, insert on target_version to simpul_app;
grant update (superseded_at) on target_version to simpul_app;
