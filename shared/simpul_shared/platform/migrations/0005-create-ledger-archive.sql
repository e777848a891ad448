-- Days of the ledger that have left for files, and the one way to let a day go: counted, published and old enough.
create table ledger_archive (
    day date constraint ledger_archive_pkey primary key,
    number bigint generated always as identity constraint ledger_archive_number_key unique,
    file text not null,
    sha256 text not null,
    events bigint not null constraint ledger_archive_not_empty check (events > 0),
    chunks jsonb not null,
    archived_at timestamptz not null default now()
);
comment on table ledger_archive is 'Days of the ledger kept in files; the reader takes them from there';
comment on column ledger_archive.chunks is 'Per gzip member of the file [offset, length, rows, first xid, first id, last xid, last id], in order';

create function archive_ledger_day(
    past_day date, file_name text, file_sha256 text, archived_events bigint, file_chunks jsonb, last_xid xid8, last_id bigint
) returns void
language plpgsql security definer set search_path = public set lock_timeout = '2s' as $$
declare
    partition text := 'ledger_' || to_char(past_day, 'YYYYMMDD');
    found bigint;
begin
    if past_day > (now() at time zone 'UTC')::date - 7 then
        raise exception 'the ledger of % is too young to leave the database', past_day;
    end if;
    -- Waits for readers, 2 s at most; nothing can be added to the day from here on.
    lock table ledger in access exclusive mode;
    select count(*) into found from ledger where recorded_on = past_day;
    if found <> archived_events or found = 0 then
        raise exception 'the ledger of % has % events, not %', past_day, found, archived_events;
    end if;
    if (select (xid, id) from ledger where recorded_on = past_day order by xid desc, id desc limit 1) <> (last_xid, last_id) then
        raise exception 'the ledger of % does not end where its file does', past_day;
    end if;
    if exists (
        select from ledger left join relay_cursor as reached using (shard)
        where ledger.recorded_on = past_day and (reached.shard is null or (ledger.xid, ledger.id) > (reached.xid, reached.id))
    ) then
        raise exception 'the ledger of % is not wholly published', past_day;
    end if;
    insert into ledger_archive (day, file, sha256, events, chunks)
    values (past_day, file_name, file_sha256, archived_events, file_chunks);
    -- A day lies in its own partition or, when that was not made in time, in the default one.
    if to_regclass(partition) is null then
        delete from ledger_default where recorded_on = past_day;
    else
        execute format('drop table %I', partition);
    end if;
end
$$;

create function drop_empty_ledger_partitions(before date) returns integer
language plpgsql security definer set search_path = public set lock_timeout = '2s' as $$
declare
    partition text;
    empty boolean;
    dropped integer := 0;
begin
    for partition in
        select relname from pg_inherits join pg_class on pg_class.oid = inhrelid
        where inhparent = 'ledger'::regclass and relname ~ '^ledger_\d{8}$'
            and to_date(substr(relname, 8), 'YYYYMMDD') < least(before, (now() at time zone 'UTC')::date - 7)
    loop
        execute format('select not exists (select from %I)', partition) into empty;
        continue when not empty;
        lock table ledger in access exclusive mode;
        execute format('select not exists (select from %I)', partition) into empty;
        continue when not empty;
        execute format('drop table %I', partition);
        dropped := dropped + 1;
    end loop;
    return dropped;
end
$$;

grant select on ledger_archive to simpul_app;
revoke execute on function archive_ledger_day(date, text, text, bigint, jsonb, xid8, bigint) from public;
revoke execute on function drop_empty_ledger_partitions(date) from public;
grant execute on function archive_ledger_day(date, text, text, bigint, jsonb, xid8, bigint) to simpul_app;
grant execute on function drop_empty_ledger_partitions(date) to simpul_app;
