-- The smallest projection there is: what the platform's own tests let a consumer write.
create table tally (
    library_id uuid constraint tally_pkey primary key,
    events integer not null,
    names text[] not null
);
grant select, insert, update on tally to simpul_app;
