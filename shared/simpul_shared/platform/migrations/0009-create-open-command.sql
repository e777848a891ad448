-- A command's first statement, in one round trip: take its locks, then look whether its key has been answered already.
create function open_command(locks bigint[], client text, idempotency_key text)
returns table (fingerprint bytea, status smallint, headers jsonb, body bytea)
language plpgsql volatile as $$
begin
    -- One after the other in the order given, which is the same everywhere. No transaction id is taken yet (ADR 0003).
    perform pg_advisory_xact_lock(key) from unnest(locks) as key;
    -- A volatile function sees with each of its statements what has been committed by then: also what was waited for.
    return query select i.fingerprint, i.status, i.headers, i.body from idempotency as i
        where i.client_id = client and i.key = idempotency_key;
end
$$;
comment on function open_command is 'Takes advisory locks until the transaction ends and returns the stored answer to a repeated request, if any';
revoke execute on function open_command(bigint[], text, text) from public;
grant execute on function open_command(bigint[], text, text) to simpul_app;
