-- How far each item of a follow-up plan is. Overdue is not stored: it follows from the day.
alter table follow_up_item
    add column owner_id uuid,
    add column progress integer not null default 0,
    add column state text not null default 'BELUM',
    add column evidence text[] not null default '{}',
    add column completed_on date,
    add column cancelled_because text,
    add constraint follow_up_item_progress_range check (progress between 0 and 100),
    add constraint follow_up_item_state_known check (state in ('BELUM', 'BERJALAN', 'SELESAI', 'BATAL')),
    add constraint follow_up_item_begun_with_progress check (state not in ('BELUM', 'BERJALAN') or (state = 'BERJALAN') = (progress > 0)),
    add constraint follow_up_item_done_with_evidence check ((state = 'SELESAI') = (completed_on is not null)
        and (state <> 'SELESAI' or (progress = 100 and evidence <> '{}'))),
    add constraint follow_up_item_cancelled_with_reason check ((state = 'BATAL') = (cancelled_because is not null));
comment on column follow_up_item.owner_id is 'The person who sees to it';
comment on column follow_up_item.evidence is 'Where photos and papers are: references or addresses, never names';

grant update on follow_up_plan, follow_up_item to simpul_app;
