-- Offices as they were on any day, as known at any moment. Of an office from before only its present version is known.
create table office_version (
    office_id uuid not null,
    version bigint not null,
    name text not null,
    jurisdiction uuid[] not null,
    changed_on date not null,
    closed_on date,
    recorded_at timestamptz not null,
    constraint office_version_pkey primary key (office_id, version),
    constraint office_version_office foreign key (office_id) references office (office_id)
);
comment on table office_version is 'Append-only: what was said of an office; of a day the last version with changed_on on it or before holds';
comment on table office is 'One row per office as it was said last; office_version has all that was said';

insert into office_version (office_id, version, name, jurisdiction, changed_on, closed_on, recorded_at)
select o.office_id, o.version, o.name, o.jurisdiction, o.changed_on, o.closed_on, coalesce(l.recorded_at, now())
from office o left join ledger l on l.aggregate_id = o.office_id and l.aggregate_version = o.version;
create index office_version_jurisdiction_idx on office_version using gin (jurisdiction);
grant select, insert on office_version to simpul_app;
