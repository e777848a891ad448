"""Kafka's jars: only the locked bytes are taken, from a repository on loopback that may lie, fail or answer."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from simpul_operator.embedded.jars import KAFKA_VERSION, Jar, cache_dir, ensure_jars, locked_jars
from simpul_operator.failures import DownloadRefused, WrongChecksum


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name in the standard library
        """Says nothing."""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Maven repository on loopback; its files lie under the path given."""
    files = tmp_path / "repository"
    files.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(files)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    monkeypatch.setenv("SIMPUL_MAVEN_REPOSITORY", f"http://127.0.0.1:{server.server_address[1]}/")
    yield files
    server.shutdown()
    thread.join()
    server.server_close()


def publish(repository: Path, artifact: str, content: bytes) -> Jar:
    """Puts a jar into the repository and gives its lock."""
    folder = repository / "id" / "example" / artifact / "1.0"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{artifact}-1.0.jar").write_bytes(content)
    return Jar("id.example", artifact, "1.0", hashlib.sha256(content).hexdigest())


def kept(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / f"kafka-{KAFKA_VERSION}").iterdir())


def test_a_jar_is_fetched_once_and_served_from_the_cache(repository: Path, tmp_path: Path) -> None:
    jar = publish(repository, "one", b"one")
    (path,) = ensure_jars(tmp_path, jars=[jar])
    (repository / "id" / "example" / "one" / "1.0" / "one-1.0.jar").unlink()
    assert ensure_jars(tmp_path, jars=[jar]) == [path]
    assert path.read_bytes() == b"one"


def test_a_jar_with_another_checksum_is_refused_and_not_kept(repository: Path, tmp_path: Path) -> None:
    good, changed = publish(repository, "good", b"good"), publish(repository, "changed", b"as locked")
    publish(repository, "changed", b"as somebody else would like it")
    with pytest.raises(
        WrongChecksum, match=f"id.example:changed:1.0 has the SHA-256 .* but {changed.sha256} is locked"
    ):
        ensure_jars(tmp_path, jars=[good, changed])
    assert "changed-1.0.jar" not in kept(tmp_path)
    assert [name for name in kept(tmp_path) if name.startswith(".")] == []


def test_a_jar_that_was_damaged_in_the_cache_is_fetched_again(repository: Path, tmp_path: Path) -> None:
    jar = publish(repository, "one", b"one")
    (path,) = ensure_jars(tmp_path, jars=[jar])
    path.write_bytes(b"on")
    ensure_jars(tmp_path, jars=[jar])
    assert path.read_bytes() == b"one"


def test_a_refused_download_says_which_jar_and_what_to_do_and_keeps_the_others(
    repository: Path, tmp_path: Path
) -> None:
    there, missing = publish(repository, "there", b"there"), Jar("id.example", "missing", "1.0", "0" * 64)
    with pytest.raises(DownloadRefused, match=r"id\.example:missing:1\.0 could not be fetched(.|\n)*proxy"):
        ensure_jars(tmp_path, jars=[there, missing])
    assert kept(tmp_path) == ["there-1.0.jar"]


def test_no_network_is_a_refused_download(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SIMPUL_MAVEN_REPOSITORY", "http://127.0.0.1:1")
    with pytest.raises(DownloadRefused, match="refused"):
        ensure_jars(tmp_path, jars=[Jar("id.example", "one", "1.0", "0" * 64)])


def test_the_lock_names_one_log4j_and_the_binding_without_which_the_broker_is_mute() -> None:
    jars = {jar.artifact: jar for jar in locked_jars()}
    assert len(jars) == 46
    log4j = {jars[name].version for name in ("log4j-api", "log4j-core", "log4j-slf4j-impl")}
    assert len(log4j) == 1
    assert jars["kafka_2.13"].version == jars["kafka-clients"].version == KAFKA_VERSION


def test_a_home_that_cannot_be_written_gives_the_fallback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert cache_dir(tmp_path / "fallback") == tmp_path / "cache" / "simpul"
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert cache_dir(tmp_path / "fallback") == tmp_path / "fallback"
