-- An NPP is one number however its letter is typed; of other registers it is not known whether case tells numbers apart.
alter table external_id
    drop constraint external_id_overlap,
    add column compared text not null generated always as (case scheme when 'NPP' then upper(value) else value end) stored;
drop index external_id_open_key;
create unique index external_id_open_key on external_id (scheme, compared) where valid_to is null;
alter table external_id
    add constraint external_id_overlap exclude using gist
        (scheme with =, compared with =, daterange(valid_from, valid_to) with &&);
comment on column external_id.compared is 'By which two numbers are one; domain/external_id.py makes the same of what is asked for';
