-- What was observed of libraries' ICT. Only ever added to: a correction is a further snapshot of the same day.
create table ict_snapshot (
    snapshot_id uuid not null,
    library_id uuid not null,
    observed_on date not null,
    computers_total integer not null,
    computers_working integer not null,
    computers_in_library_use integer not null,
    internet text not null,
    down_mbps double precision,
    up_mbps double precision,
    internet_hours integer,
    monthly_cost bigint,
    funded_by text,
    electricity_hours integer,
    printers integer,
    staff_digital_level integer,
    method text not null,
    evidence text[] not null,
    recorded_at timestamptz not null,
    readiness_level integer not null,
    rubric_version text not null,
    constraint ict_snapshot_pkey primary key (snapshot_id),
    constraint ict_snapshot_library foreign key (library_id) references library (library_id),
    constraint ict_snapshot_computers_nest check (0 <= computers_in_library_use
        and computers_in_library_use <= computers_working and computers_working <= computers_total),
    constraint ict_snapshot_staff_level_known check (staff_digital_level between 0 and 4),
    constraint ict_snapshot_readiness_known check (readiness_level between 0 and 4)
);
create index ict_snapshot_latest_idx on ict_snapshot (library_id, observed_on desc, recorded_at desc, snapshot_id desc);
comment on table ict_snapshot is 'Append-only; the latest of a library is the one observed last, and of one day the one recorded last';
comment on column ict_snapshot.monthly_cost is 'Of the internet, in rupiah';
comment on column ict_snapshot.readiness_level is 'As announced when it was recorded, by the rubric then in force on the day; recomputed when asked for';
create trigger ict_snapshot_append_only before update or delete or truncate on ict_snapshot
    for each statement execute function refuse_change();
grant select, insert on ict_snapshot to simpul_app;
