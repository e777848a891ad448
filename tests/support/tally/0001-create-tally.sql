-- The smallest projection there is: what the platform's own tests let a consumer write.
create table tally (
    library_id uuid constraint tally_pkey primary key,
    events integer not null,
    names text[] not null
);
create table tally_child (library_id uuid not null constraint tally_child_library_fkey references tally (library_id));
grant select, insert on tally_child to simpul_app;
grant select, insert, update on tally to simpul_app;
