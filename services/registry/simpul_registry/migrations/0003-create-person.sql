-- People in their smallest form. A name is only ever here, and only as ciphertext; its key lies apart, so that it can be destroyed.
create table person (
    person_id uuid not null,
    region_id uuid not null,
    basis text not null,
    sealed_name bytea not null,
    registered_at timestamptz not null,
    version bigint not null,
    constraint person_pkey primary key (person_id),
    constraint person_basis_known check (basis in ('stated', 'inferred', 'sample'))
);
comment on table person is 'People by id; everywhere else only the id is known';
comment on column person.sealed_name is 'AES-256-GCM under the person''s own key: nonce and ciphertext';

create table person_key (
    person_id uuid not null,
    wrapped_key bytea not null,
    constraint person_key_pkey primary key (person_id),
    constraint person_key_person foreign key (person_id) references person (person_id)
);
comment on table person_key is 'Each person''s data key, wrapped by the service''s key; without its row the name is lost for good';

grant select, insert on person, person_key to simpul_app;
