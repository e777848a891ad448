"""Faults of a service's Postgres: the whole server, or one connection at the worst moment."""

import asyncpg
from simpul_operator.addresses import SERVICES

from tests.fault.lane.oplog import now
from tests.fault.lane.scene import Hit, Scene, hit


async def kill(scene: Scene) -> Hit:
    """kill -9 of the postmaster and all its backends, which lead sessions of their own."""
    service = scene.rng.choice(SERVICES)
    host = scene.platform.servers.postgres[service]
    async with scene.alone_with(host.kept.name):
        starts, begun = host.kept.starts, now()
        # Held meanwhile: the next server would come between its end and that of its backends.
        host.kept.hold()
        await host.server.kill()
        host.kept.release()
        await host.kept.started_again(starts)
        await host.server.ready()
        return hit("Postgres kill -9", service, service, begun=begun, over=begun, writes=True)


async def terminate_in_commit(scene: Scene) -> Hit | None:
    """pg_terminate_backend of a connection that is committing; None when none was caught at it."""
    service = scene.rng.choice(("registry", "activities", "activities", "activities"))
    host = scene.platform.servers.postgres[service]
    async with scene.alone_with(host.kept.name):
        begun = now()
        connection = await asyncpg.connect(host.server.admin_url)
        try:
            caught = await _catch(connection)
        finally:
            await connection.close()
        return hit("backend terminated in commit", service, service, begun=begun, writes=True) if caught else None


async def _catch(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    """Looks again and again, inside the server, until it meets a commit under way; for 10 s at most."""
    await connection.execute("set statement_timeout = '20s'")
    await connection.execute("create temporary table caught (pid integer) on commit preserve rows")
    await connection.execute(
        """
        do $$
        declare
            until constant timestamptz := clock_timestamp() + interval '10 seconds';
            target integer;
        begin
            while clock_timestamp() < until loop
                perform pg_stat_clear_snapshot();
                select pid into target from pg_stat_activity
                where application_name like 'simpul-%' and state = 'active' and query ilike 'commit%' limit 1;
                if target is not null and pg_terminate_backend(target) then
                    insert into caught values (target);
                    return;
                end if;
            end loop;
        end
        $$
        """
    )
    return bool(await connection.fetchval("select exists (select from caught)"))
