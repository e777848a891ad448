-- What libraries were given and what became of it; how far they are from the national standard; how they were accredited.
create table aid_receipt (
    receipt_id uuid not null,
    library_id uuid not null,
    item text not null,
    quantity integer not null,
    source text not null,
    bast_no text not null,
    bast_date date not null,
    version bigint not null,
    constraint aid_receipt_pkey primary key (receipt_id),
    constraint aid_receipt_library foreign key (library_id) references library (library_id),
    constraint aid_receipt_line_key unique (library_id, bast_no, item),
    constraint aid_receipt_quantity_positive check (quantity > 0)
);
comment on table aid_receipt is 'Lines of handover records (BAST)';

create table aid_check (
    check_id bigint generated always as identity constraint aid_check_pkey primary key,
    receipt_id uuid not null,
    checked_on date not null,
    good integer not null,
    broken integer not null,
    diverted integer not null,
    evidence text[] not null,
    constraint aid_check_receipt foreign key (receipt_id) references aid_receipt (receipt_id),
    constraint aid_check_counts check (good >= 0 and broken >= 0 and diverted >= 0)
);
create index aid_check_receipt_idx on aid_check (receipt_id, checked_on, check_id);
comment on table aid_check is 'Append-only: in which condition the pieces were found on a day';
create trigger aid_check_append_only before update or delete or truncate on aid_check
    for each statement execute function refuse_change();

create table snp_profile (
    profile_id uuid not null,
    library_id uuid not null,
    observed_on date not null,
    titles integer,
    building_m2 double precision,
    hours_per_day double precision,
    staff integer,
    head_schooling text,
    head_trained boolean,
    recorded_at timestamptz not null,
    constraint snp_profile_pkey primary key (profile_id),
    constraint snp_profile_library foreign key (library_id) references library (library_id)
);
create index snp_profile_latest_idx on snp_profile (library_id, observed_on desc, recorded_at desc, profile_id desc);
comment on table snp_profile is 'Append-only: what the national standard (SNP) asks for, as it was found on a day';
create trigger snp_profile_append_only before update or delete or truncate on snp_profile
    for each statement execute function refuse_change();

create table accreditation (
    accreditation_id uuid not null,
    library_id uuid not null,
    grade text not null,
    instrument text not null,
    granted_on date not null,
    valid_to date not null,
    constraint accreditation_pkey primary key (accreditation_id),
    constraint accreditation_library foreign key (library_id) references library (library_id),
    constraint accreditation_grant_key unique (library_id, granted_on),
    constraint accreditation_grade_known check (grade in ('A', 'B', 'C')),
    constraint accreditation_in_order check (granted_on < valid_to)
);
comment on table accreditation is 'Grades given to libraries';
comment on column accreditation.valid_to is 'First day after it';

grant select, insert, update on aid_receipt to simpul_app;
grant select, insert on aid_check, snp_profile, accreditation to simpul_app;
