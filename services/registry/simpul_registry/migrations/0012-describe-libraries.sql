-- What is good to know of a library and no other service needs.
create table library_description (
    library_id uuid not null,
    address text,
    latitude double precision,
    longitude double precision,
    established_on date,
    established_sk_no text,
    constraint library_description_pkey primary key (library_id),
    constraint library_description_library foreign key (library_id) references library (library_id),
    constraint library_description_point_whole check ((latitude is null) = (longitude is null))
);
comment on table library_description is 'Address, place on the map, founding of a library; the last word replaces the one before';
comment on column library_description.latitude is 'Degrees, WGS 84';
grant select, insert, update on library_description to simpul_app;
