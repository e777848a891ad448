-- Who put an episode forward, so that nobody decides on it who did; and whether its regency stands behind it.
alter table support_episode
    add column nominators text[] not null default '{}',
    add column endorsed boolean not null default true;
comment on column support_episode.nominators is 'Subjects of the tokens that nominated it; they may not decide on it';
comment on column support_episode.endorsed is 'False while a village''s nomination waits for its regency';

update support_episode as e set nominators = array[(
    select convert_from(l.value, 'UTF8')::jsonb ->> 'actorref' from ledger as l
    where l.aggregate_id = e.library_id and l.event_type = 'id.simpul.registry.library-nominated.v1'
    order by l.aggregate_version desc limit 1
)]
where e.status in ('DIUSULKAN', 'TERVERIFIKASI', 'DIKEMBALIKAN') and exists (
    select from ledger as l
    where l.aggregate_id = e.library_id and l.event_type = 'id.simpul.registry.library-nominated.v1'
);
