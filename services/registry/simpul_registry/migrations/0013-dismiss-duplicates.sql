-- Two libraries that look like one are found when somebody asks; only what was decided is kept.
create table dismissed_duplicate (
    one_id uuid not null,
    other_id uuid not null,
    reason text not null,
    decided_at timestamptz not null,
    actor text not null,
    constraint dismissed_duplicate_pkey primary key (one_id, other_id),
    constraint dismissed_duplicate_one foreign key (one_id) references library (library_id),
    constraint dismissed_duplicate_other foreign key (other_id) references library (library_id),
    constraint dismissed_duplicate_in_order check (one_id < other_id)
);
comment on table dismissed_duplicate is 'Pairs of libraries that somebody found to be two; they are no candidates any more';
grant select, insert, update on dismissed_duplicate to simpul_app;
