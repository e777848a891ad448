-- Out of which budget a library is supported in a programme year, where that was said.
alter table support_episode
    add column fund_source text,
    add constraint support_episode_fund_source_known check (fund_source in ('APBN', 'APBD', 'APBDES', 'SWADAYA', 'CSR'));
comment on column support_episode.fund_source is 'Budget that pays; null where nobody said';
