-- external_id_open_key tells of today only: a number that ends later, or that ended, could be another library's on the same day.
alter table external_id
    add constraint external_id_overlap exclude using gist
        (scheme with =, value with =, daterange(valid_from, valid_to) with &&);
