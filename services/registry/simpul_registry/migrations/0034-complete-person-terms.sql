-- More terms by which two entries of one person are seen, and offices as places of affiliations.
-- `python -m simpul_registry index-people` makes the terms of people who were registered before.
alter table person
    add column terms_version smallint not null default 0;
comment on column person.terms_version is 'Which edition of the terms they have; 0 = registered before there were any, or before these';

alter table person_term
    drop constraint person_term_kind_known;
alter table person_term
    add constraint person_term_kind_known check (kind in ('name', 'sound', 'initials', 'phone', 'email', 'nik'));
comment on column person_term.kind is 'name, sound, initials (with the birth year): within the village; phone; email; nik: nothing else is kept of it';

alter table affiliation
    add constraint affiliation_office foreign key (office_id) references office (office_id);
