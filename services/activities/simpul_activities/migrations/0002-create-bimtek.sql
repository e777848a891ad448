create table bimtek (
    bimtek_id uuid constraint bimtek_pkey primary key,
    version bigint not null,
    status text not null constraint bimtek_status_known
        check (status in ('DIRENCANAKAN', 'DIUMUMKAN', 'BERLANGSUNG', 'SELESAI', 'DIBATALKAN')),
    title text not null,
    kind text not null,
    level text not null,
    mode text not null,
    region_id uuid not null,
    region_code text not null,
    region_basis text not null,
    venue text not null,
    timezone text not null,
    starts_on date not null,
    ends_on date not null,
    capacity integer constraint bimtek_capacity_positive check (capacity > 0),
    curriculum_version text,
    organisers jsonb not null,
    officials jsonb not null,
    parent_bimtek_id uuid constraint bimtek_parent_fkey references bimtek (bimtek_id),
    parent_basis text,
    basis text not null,
    cancelled_because text,
    constraint bimtek_dates_in_order check (starts_on <= ends_on),
    constraint bimtek_parent_is_another check (parent_bimtek_id <> bimtek_id),
    constraint bimtek_parent_has_basis check ((parent_bimtek_id is null) = (parent_basis is null)),
    constraint bimtek_cancelled_with_reason check ((status = 'DIBATALKAN') = (cancelled_because is not null))
);
create index bimtek_starts_idx on bimtek (starts_on desc, bimtek_id desc);
create index bimtek_region_idx on bimtek (region_id);
create index bimtek_parent_idx on bimtek (parent_bimtek_id);
comment on table bimtek is 'Trainings (bimbingan teknis) from plan to close';
comment on column bimtek.region_code is 'The code that the host region bore on starts_on';
comment on column bimtek.officials is 'Public officials named by the organiser; never put into events';
comment on column bimtek.parent_bimtek_id is 'The training this one passes on; set once, when planned, so that the cascade cannot turn back on itself';

create table bimtek_session (
    bimtek_id uuid not null constraint bimtek_session_bimtek_fkey references bimtek (bimtek_id),
    no integer not null,
    subject text not null,
    pillar text,
    method text not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    held_on date not null,
    basis text not null,
    constraint bimtek_session_pkey primary key (bimtek_id, no),
    constraint bimtek_session_times_in_order check (starts_at < ends_at)
);
comment on table bimtek_session is 'Sessions of a Bimtek, numbered 1 to n';
comment on column bimtek_session.held_on is 'Date of starts_at at the venue';

create table registration (
    registration_id uuid constraint registration_pkey primary key,
    version bigint not null,
    bimtek_id uuid not null constraint registration_bimtek_fkey references bimtek (bimtek_id),
    person_id uuid not null,
    library_id uuid not null,
    region_id uuid not null,
    basis text not null,
    registered_at timestamptz not null,
    withdrawn_at timestamptz,
    withdrawn_because text,
    constraint registration_bimtek_key unique (registration_id, bimtek_id),
    constraint registration_withdrawn_with_reason check ((withdrawn_at is null) = (withdrawn_because is null))
);
create unique index registration_person_once on registration (bimtek_id, person_id) where withdrawn_at is null;
create index registration_library_idx on registration (library_id, bimtek_id);
create index registration_region_idx on registration (region_id, bimtek_id);
comment on table registration is 'A person''s seat in a Bimtek and the library represented';
comment on column registration.region_id is 'Region of the library represented, when registered';

create table attendance (
    registration_id uuid not null,
    bimtek_id uuid not null,
    session_no integer not null,
    status text not null,
    basis text not null,
    recorded_at timestamptz not null,
    recorded_by text not null,
    constraint attendance_pkey primary key (registration_id, session_no),
    constraint attendance_registration_fkey foreign key (registration_id, bimtek_id)
        references registration (registration_id, bimtek_id),
    constraint attendance_session_fkey foreign key (bimtek_id, session_no) references bimtek_session (bimtek_id, no)
);
create index attendance_bimtek_idx on attendance (bimtek_id, session_no);
comment on table attendance is 'The present mark of each registration in each session';
comment on column attendance.recorded_by is 'Subject of the access token; no name';

create table attendance_correction (
    registration_id uuid not null,
    session_no integer not null,
    version bigint not null,
    old_status text not null,
    status text not null,
    reason text not null,
    corrected_at timestamptz not null,
    corrected_by text not null,
    constraint attendance_correction_pkey primary key (registration_id, version),
    constraint attendance_correction_mark_fkey foreign key (registration_id, session_no)
        references attendance (registration_id, session_no),
    constraint attendance_correction_changes check (old_status <> status)
);
comment on table attendance_correction is 'Every change of a mark: both values, who and why';
comment on column attendance_correction.version is 'Version of the registration that the correction made';

create table follow_up_plan (
    plan_id uuid constraint follow_up_plan_pkey primary key,
    version bigint not null,
    bimtek_id uuid not null constraint follow_up_plan_bimtek_fkey references bimtek (bimtek_id),
    library_id uuid not null,
    region_id uuid not null,
    basis text not null,
    submitted_at timestamptz not null,
    submitted_by text not null,
    constraint follow_up_plan_once unique (bimtek_id, library_id)
);
create index follow_up_plan_library_idx on follow_up_plan (library_id);
comment on table follow_up_plan is 'Rencana tindak lanjut (RTL) of one library after one Bimtek';

create table follow_up_item (
    plan_id uuid not null constraint follow_up_item_plan_fkey references follow_up_plan (plan_id),
    no integer not null,
    pillar text not null,
    text text not null,
    due_on date not null,
    constraint follow_up_item_pkey primary key (plan_id, no)
);
comment on table follow_up_item is 'What a library means to do, and by when; the wording never leaves this service';

grant select, insert, update on bimtek, registration, attendance to simpul_app;
grant select, insert on bimtek_session, attendance_correction, follow_up_plan, follow_up_item to simpul_app;
