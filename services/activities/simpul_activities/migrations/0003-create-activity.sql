create table activity (
    activity_id uuid constraint activity_pkey primary key,
    version bigint not null,
    status text not null constraint activity_status_known check (status in ('DIKIRIM', 'DIKOREKSI', 'DITARIK')),
    library_id uuid not null,
    region_id uuid not null,
    timezone text not null,
    category text not null,
    title text not null,
    notes text,
    starts_at timestamptz not null,
    held_on date not null,
    total integer not null,
    male integer not null,
    female integer not null,
    gender_unknown integer not null,
    from_0_to_6 integer not null,
    from_7_to_12 integer not null,
    from_13_to_17 integer not null,
    from_18_to_35 integer not null,
    from_36_to_59 integer not null,
    from_60 integer not null,
    age_unknown integer not null,
    disability integer not null,
    low_income integer not null,
    method text not null,
    basis text not null,
    bimtek_id uuid constraint activity_bimtek_fkey references bimtek (bimtek_id),
    plan_id uuid,
    plan_item_no integer,
    recorded_at timestamptz not null,
    recorded_by text not null,
    constraint activity_plan_item_fkey foreign key (plan_id, plan_item_no) references follow_up_item (plan_id, no) match full,
    constraint activity_counts_not_negative check (least(male, female, gender_unknown, from_0_to_6, from_7_to_12,
        from_13_to_17, from_18_to_35, from_36_to_59, from_60, age_unknown, disability, low_income) >= 0),
    constraint activity_gender_adds_up check (male + female + gender_unknown = total),
    constraint activity_age_adds_up check (from_0_to_6 + from_7_to_12 + from_13_to_17 + from_18_to_35 + from_36_to_59
        + from_60 + age_unknown = total),
    constraint activity_subsets_within_total check (greatest(disability, low_income) <= total)
);
create index activity_held_idx on activity (held_on desc, activity_id desc);
create index activity_library_idx on activity (library_id, held_on desc, activity_id desc);
create index activity_region_idx on activity (region_id, held_on desc, activity_id desc);
comment on table activity is 'Community activities (kegiatan pelibatan masyarakat) as they stand after corrections';
comment on column activity.held_on is 'Date of starts_at in the library''s zone; decides the month it counts in';
comment on column activity.region_id is 'Region of the library when the activity was recorded';
comment on column activity.title is 'Never put into events, like the notes';

create table activity_change (
    activity_id uuid not null constraint activity_change_activity_fkey references activity (activity_id),
    version bigint not null,
    status text not null,
    reason text not null,
    before jsonb not null,
    changed_at timestamptz not null,
    changed_by text not null,
    constraint activity_change_pkey primary key (activity_id, version)
);
comment on table activity_change is 'Every correction and withdrawal: what stood before, who changed it and why';
comment on column activity_change.version is 'Version of the activity that the change made';

grant select, insert, update on activity to simpul_app;
grant select, insert on activity_change to simpul_app;
