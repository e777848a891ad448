-- Of what is believed, one code names one region on a day, and one region has one code. Checked at the commit, because a
-- decree gives up codes and takes them in one transaction. Only here: to the other services codes come in no order.
create extension if not exists btree_gist;
alter table region_version
    add constraint region_version_code_overlap exclude using gist
        (scheme with =, code with =, daterange(valid_from, valid_to) with &&)
        where (superseded_at = 'infinity') deferrable initially deferred,
    add constraint region_version_region_overlap exclude using gist
        (region_id with =, daterange(valid_from, valid_to) with &&)
        where (superseded_at = 'infinity') deferrable initially deferred;
