-- Who turned out to be whom: a merged id is registered no more, and a person has one seat by whichever id.
alter table person add column merged_into uuid;
create index person_merged_into_idx on person (merged_into) where merged_into is not null;
comment on column person.merged_into is 'The person that this one turned out to be; what was recorded for it stays with it';
