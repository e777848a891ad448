"""The data directory: one holder, private secrets, and leftovers known by more than their number."""

import asyncio
import base64
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from simpul_operator.addresses import Ports, addresses_of
from simpul_operator.embedded.data_dir import DataDir
from simpul_operator.embedded.process import Mark, mark_of
from simpul_operator.failures import DataDirInUse, DiskFull, Misconfigured


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "data")


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["/bin/sleep", "60"])
    # Popen comes back a moment before the kernel tells the new command line.
    deadline = time.monotonic() + 10
    while not Path(f"/proc/{process.pid}/cmdline").read_bytes():
        assert time.monotonic() < deadline, "the process shows no command line"
    yield process
    process.kill()
    process.wait()


async def test_a_leftover_is_killed(data: DataDir, sleeper: subprocess.Popen[bytes]) -> None:
    with data.held():
        data.remember([(sleeper.pid, ["/bin/sleep", "60"])], None)
        # It stays a zombie until this process waits for it; to all others it has ended.
        assert await data.clear_leftovers() == [sleeper.pid]
    assert await asyncio.to_thread(sleeper.wait, 5) == -9


@pytest.mark.parametrize("other", ["a later start", "another command"])
async def test_a_process_that_only_has_the_number_of_a_leftover_is_spared(
    data: DataDir, sleeper: subprocess.Popen[bytes], other: str
) -> None:
    mark = mark_of(sleeper.pid)
    assert mark is not None
    changed = {
        "a later start": Mark(mark.pid, mark.started - 1, mark.command),
        "another command": Mark(mark.pid, mark.started, "/bin/postgres"),
    }[other]
    with data.held():
        data.remember([], None)
        data._state.write_text(
            f'{{"children": [{{"pid": {changed.pid}, "started": {changed.started}, "command": "{changed.command}"}}]}}'
        )
        assert await data.clear_leftovers() == []
    assert sleeper.poll() is None


def test_only_one_holds_it_and_others_learn_who_and_where(data: DataDir) -> None:
    addresses = addresses_of(Ports(8100))
    with data.held():
        data.remember([], addresses)
        running = DataDir(data.path).running()
        assert running is not None
        assert running.addresses == addresses
        with pytest.raises(DataDirInUse, match=f"process {running.pid}"), DataDir(data.path).held():
            pytest.fail("two held it")
    assert DataDir(data.path).running() is None


def test_a_directory_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.odt").touch()
    with pytest.raises(Misconfigured, match="not a data directory of simpul"), DataDir(tmp_path).held():
        pytest.fail("it was taken over")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.odt"]


def test_too_little_space_is_told_before_anything_is_written(data: DataDir) -> None:
    with data.held(), pytest.raises(DiskFull, match="MiB free, and 1099511627776 MiB are needed"):
        data.require_space(2**60)


def test_secrets_are_made_once_for_their_owner_only(data: DataDir) -> None:
    with data.held():
        assert data.password("registry-app") == data.password("registry-app") != data.password("registry-owner")
        key = data.key_file("person-key")
    assert len(base64.b64decode(key.read_bytes(), validate=True)) == 32
    assert [stat.S_IMODE(file.stat().st_mode) for file in key.parent.iterdir()] == [0o600] * 3


def test_logs_of_three_earlier_starts_are_kept(data: DataDir) -> None:
    with ExitStack() as stack:
        stack.enter_context(data.held())
        for start in range(5):
            data.rotate_logs()
            (data.logs / "kafka.log").write_text(str(start))
    found = {path.name: path.read_text() for path in data.logs.iterdir()}
    assert found == {"kafka.log": "4", "kafka.log.1": "3", "kafka.log.2": "2", "kafka.log.3": "1"}
