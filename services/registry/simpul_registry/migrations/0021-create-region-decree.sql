-- New decrees as reviewed differences, and lineage that a person overruled. What either said is kept statement by statement,
-- so that it can be undone.
alter table region_lineage
    add column superseded_at timestamptz not null default 'infinity',
    drop constraint region_lineage_kind_known,
    drop constraint region_lineage_same_place;
alter table region_lineage
    add constraint region_lineage_kind_known check (kind in ('RECODED', 'RENAMED', 'MOVED', 'STATUS_CHANGED', 'SPLIT',
        'MERGED', 'REUSED')),
    add constraint region_lineage_same_place check ((kind in ('RECODED', 'RENAMED', 'MOVED', 'STATUS_CHANGED'))
        = (region_id = from_region_id));
comment on column region_lineage.superseded_at is 'When it was overruled or undone; infinity = current belief';
grant update (superseded_at) on region_lineage to simpul_app;

-- Over what one region comes of another by, lineage never runs in a circle. REUSED is no descent: two places may swap codes.
create function refuse_circular_lineage() returns trigger language plpgsql as $$
begin
    if exists (
        with recursive below (region_id) as (
            select new.region_id
            union
            select l.region_id from below join region_lineage as l on l.from_region_id = below.region_id
            where l.kind in ('SPLIT', 'MERGED') and l.superseded_at = 'infinity'
        )
        select from below where region_id = new.from_region_id
    ) then
        raise exception 'lineage from % to % closes a circle', new.from_region_id, new.region_id
            using errcode = 'check_violation', constraint = 'region_lineage_acyclic';
    end if;
    return null;
end
$$;
create constraint trigger region_lineage_acyclic after insert on region_lineage deferrable initially deferred
    for each row when (new.kind in ('SPLIT', 'MERGED')) execute function refuse_circular_lineage();

create table region_map (
    one boolean not null default true,
    edition bigint not null default 0,
    constraint region_map_pkey primary key (one),
    constraint region_map_one_row check (one)
);
insert into region_map default values;
comment on table region_map is 'Counts the changes of what is said of regions: a comparison or an index made earlier is stale';

create table region_decree (
    decree_id uuid not null,
    decree text not null,
    effective_on date not null,
    within text not null,
    sha256 text not null,
    file bytea not null,
    status text not null,
    map_edition bigint not null,
    libraries integer not null,
    uploaded_by text not null,
    uploaded_at timestamptz not null,
    decided_by text,
    decided_at timestamptz,
    reason text,
    version bigint not null,
    constraint region_decree_pkey primary key (decree_id),
    constraint region_decree_named check (decree <> ''),
    constraint region_decree_status_known check (status in ('DITINJAU', 'DISETUJUI', 'DITOLAK', 'DIBATALKAN')),
    constraint region_decree_decided_by_another check (status <> 'DISETUJUI' or decided_by <> uploaded_by)
);
comment on table region_decree is 'A file that states a map from a day on, under review, approved, rejected or undone';
comment on column region_decree.within is 'The code whose whole map the file states; ID for the country';
comment on column region_decree.file is 'The CSV as it came, compressed with zlib';
comment on column region_decree.map_edition is 'region_map.edition that the rows were compared with';
comment on column region_decree.libraries is 'Libraries that lie in a region that changes, or below one';

create table region_decree_row (
    decree_id uuid not null,
    row_no integer not null,
    kind text not null,
    level text not null,
    from_region_id uuid,
    from_code text,
    from_name text,
    to_code text,
    to_name text,
    basis text not null,
    confidence text not null,
    libraries integer not null,
    constraint region_decree_row_pkey primary key (decree_id, row_no),
    constraint region_decree_row_decree foreign key (decree_id) references region_decree (decree_id),
    constraint region_decree_row_names_a_code check (from_code is not null or to_code is not null)
);
comment on table region_decree_row is 'The difference between the map and the file, as reviewers see it';

create table region_ruling (
    decree_id uuid not null,
    ruling_no integer not null,
    kind text not null,
    from_code text not null,
    to_code text not null,
    reason text not null,
    ruled_by text not null,
    ruled_at timestamptz not null,
    constraint region_ruling_pkey primary key (decree_id, ruling_no),
    constraint region_ruling_decree foreign key (decree_id) references region_decree (decree_id),
    constraint region_ruling_kind_known check (kind in ('SAME', 'APART', 'SPLIT', 'MERGED'))
);
comment on table region_ruling is 'What reviewers decided of old and new codes, over what the rules propose; the last on a pair holds';

create table region_overrule (
    overrule_id uuid not null,
    lineage_event_id uuid not null,
    region_id uuid not null,
    new_region_id uuid,
    reason text not null,
    ruled_by text not null,
    ruled_at timestamptz not null,
    undone_by text,
    undone_at timestamptz,
    version bigint not null,
    constraint region_overrule_pkey primary key (overrule_id)
);
comment on table region_overrule is 'Recorded lineage that a person holds for wrong, and the id that its place got';

-- What a decree or an overrule said, in order: `former_event_id` held before, null where nothing did.
create table region_statement (
    change_id uuid not null,
    statement_no integer not null,
    what text not null,
    region_id uuid not null,
    valid_from date not null,
    event_id uuid not null,
    former_event_id uuid,
    recorded_at timestamptz not null,
    constraint region_statement_pkey primary key (change_id, statement_no),
    constraint region_statement_what_known check (what in ('VERSION', 'WITHDRAWAL', 'LINEAGE', 'LINEAGE_WITHDRAWAL'))
);
comment on table region_statement is 'Every statement of a change with the one it replaced: what an undo goes by';

grant select, insert, update on region_decree, region_overrule to simpul_app;
grant select, insert, delete on region_decree_row to simpul_app;
grant select, insert on region_ruling, region_statement to simpul_app;
grant select, update on region_map to simpul_app;
