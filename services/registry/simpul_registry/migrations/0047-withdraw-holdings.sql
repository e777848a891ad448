-- What was recorded by mistake of aid and accreditations is withdrawn: it stays, says why, and makes room for what is right.
alter table aid_receipt
    add column withdrawn_at timestamptz,
    add column withdrawn_because text,
    add constraint aid_receipt_withdrawn_with_reason check ((withdrawn_at is null) = (withdrawn_because is null)),
    drop constraint aid_receipt_line_key;
create unique index aid_receipt_line_key on aid_receipt (library_id, bast_no, item) where withdrawn_at is null;

alter table accreditation
    add column version bigint not null default 1,
    add column withdrawn_at timestamptz,
    add column withdrawn_because text,
    add constraint accreditation_withdrawn_with_reason check ((withdrawn_at is null) = (withdrawn_because is null)),
    drop constraint accreditation_grant_key;
create unique index accreditation_grant_key on accreditation (library_id, granted_on) where withdrawn_at is null;
grant update (version, withdrawn_at, withdrawn_because) on accreditation to simpul_app;
