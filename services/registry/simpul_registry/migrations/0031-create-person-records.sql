-- Where people work, what they are certified for, what they agreed to; and which of them are one and the same.
create table affiliation (
    affiliation_id uuid not null,
    person_id uuid not null,
    library_id uuid,
    office_id uuid,
    role text not null,
    valid_from date not null,
    valid_to date,
    constraint affiliation_pkey primary key (affiliation_id),
    constraint affiliation_person foreign key (person_id) references person (person_id),
    constraint affiliation_library foreign key (library_id) references library (library_id),
    constraint affiliation_at_one_place check (num_nonnulls(library_id, office_id) = 1),
    constraint affiliation_in_order check (valid_from < valid_to)
);
create index affiliation_person_idx on affiliation (person_id);
create index affiliation_library_idx on affiliation (library_id) where library_id is not null;
comment on table affiliation is 'What people are at libraries and offices; many at once, and kept when the person is erased';
comment on column affiliation.valid_to is 'First day after it; null while it lasts';

create table certification (
    certification_id uuid not null,
    person_id uuid not null,
    kind text not null,
    sealed_number bytea,
    valid_from date not null,
    valid_to date,
    constraint certification_pkey primary key (certification_id),
    constraint certification_person foreign key (person_id) references person (person_id),
    constraint certification_in_order check (valid_from < valid_to)
);
create index certification_person_idx on certification (person_id);
comment on table certification is 'Facilitators (fasda) and master trainers';
comment on column certification.sealed_number is 'The certificate''s number, under the person''s own key; null when erased or not known';

create table consent (
    consent_id uuid not null,
    person_id uuid not null,
    purpose text not null,
    legal_basis text not null,
    text_version text not null,
    given_at timestamptz not null,
    withdrawn_at timestamptz,
    constraint consent_pkey primary key (consent_id),
    constraint consent_person foreign key (person_id) references person (person_id),
    constraint consent_in_order check (given_at <= withdrawn_at)
);
create index consent_person_idx on consent (person_id);
create unique index consent_live_key on consent (person_id, purpose, text_version) where withdrawn_at is null;
comment on table consent is 'What people agreed to: for which purpose, on which legal basis, to which text';

alter table person
    add column merged_into uuid,
    add constraint person_survivor foreign key (merged_into) references person (person_id),
    add constraint person_not_its_own_survivor check (merged_into <> person_id);
create index person_merged_into_idx on person (merged_into) where merged_into is not null;
comment on column person.merged_into is 'The person that this one turned out to be; its own records stay';

create table person_duplicate_verdict (
    one_id uuid not null,
    other_id uuid not null,
    verdict text not null,
    decided_at timestamptz not null,
    actor text not null,
    constraint person_duplicate_verdict_pkey primary key (one_id, other_id),
    constraint person_duplicate_verdict_one foreign key (one_id) references person (person_id),
    constraint person_duplicate_verdict_other foreign key (other_id) references person (person_id),
    constraint person_duplicate_verdict_in_order check (one_id < other_id),
    constraint person_duplicate_verdict_known check (verdict in ('MERGED', 'DISMISSED'))
);
comment on table person_duplicate_verdict is 'What somebody decided about two people who looked like one; nothing is merged by itself';

grant select, insert, update on affiliation, certification, consent, person_duplicate_verdict to simpul_app;
