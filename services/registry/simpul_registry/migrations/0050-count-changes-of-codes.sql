-- Apart from the edition of the map: a code of another scheme makes no comparison of a decree stale.
alter table region_map
    add column code_edition bigint not null default 0;
comment on column region_map.code_edition is 'Counts the changes of region_code: an index of codes made earlier is stale';
