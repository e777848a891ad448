"""Kafka's jars: each locked by coordinate and SHA-256, fetched once through jgo, kept in the user's cache.

`python -m simpul_operator.embedded.jars` resolves Kafka anew and rewrites the lock (for maintainers; needs the network).
"""

import hashlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from simpul_operator.failures import DownloadRefused, WrongChecksum

if TYPE_CHECKING:
    from jgo.maven import MavenContext

KAFKA_VERSION = "4.3.1"
LOCK = Path(__file__).with_name("kafka-jars.lock")
_KAFKA = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}"
_FETCH_SECONDS = 60
_AT_ONCE = 4


@dataclass(frozen=True)
class Jar:
    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def coordinate(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


def locked_jars(lock: Path = LOCK) -> list[Jar]:
    lines = (line for line in lock.read_text().splitlines() if not line.startswith("#"))
    return [_parsed(line) for line in lines]


def _parsed(line: str) -> Jar:
    coordinate, sha256 = line.split()
    group, artifact, version = coordinate.split(":")
    return Jar(group, artifact, version, sha256)


def cache_dir(fallback: Path) -> Path:
    """Where downloads are kept: XDG_CACHE_HOME, else ~/.cache, else `fallback` when the home is not writable."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - Path raises without a home
    directory = Path(home) / "simpul"
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError:
        return fallback
    return directory if os.access(directory, os.W_OK) else fallback


def ensure_jars(
    cache: Path, *, jars: Iterable[Jar] | None = None, progress: Callable[[str], None] = lambda _: None
) -> list[Path]:
    """All locked jars, each verified; those missing in `cache` are fetched first.

    A jar in the cache that is not the locked one is deleted and fetched again.
    Errors: DownloadRefused, WrongChecksum (nothing wrong is left in the cache).
    """
    wanted = list(locked_jars() if jars is None else jars)
    directory = cache / f"kafka-{KAFKA_VERSION}"
    directory.mkdir(parents=True, exist_ok=True)
    missing = [jar for jar in wanted if not _is_locked_one(directory / jar.file_name, jar)]
    if missing:
        _fetch_all(missing, directory, progress)
    return [directory / jar.file_name for jar in wanted]


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_locked_one(path: Path, jar: Jar) -> bool:
    return path.exists() and sha256_of(path) == jar.sha256


def _fetch_all(jars: list[Jar], directory: Path, progress: Callable[[str], None]) -> None:
    # jgo writes straight to the final name of its cache, so a broken download would stay; hence a directory to throw away.
    with (
        tempfile.TemporaryDirectory(dir=directory, prefix=".fetching-") as staging,
        ThreadPoolExecutor(_AT_ONCE) as pool,
    ):
        fetched = pool.map(lambda jar: _fetch(jar, Path(staging), directory), jars)
        for number, jar in enumerate(fetched, 1):
            progress(f"fetched {number} of {len(jars)}: {jar.file_name}")


def _fetch(jar: Jar, staging: Path, directory: Path) -> Jar:
    path = _download(jar, staging)
    found = sha256_of(path)
    if found != jar.sha256:
        raise WrongChecksum(
            f"{jar.coordinate} has the SHA-256 {found}, but {jar.sha256} is locked. It was thrown away. "
            f"Find out who changed it before you trust it; a deliberate change is made with "
            "python -m simpul_operator.embedded.jars."
        )
    path.replace(directory / jar.file_name)
    return jar


def _download(jar: Jar, staging: Path) -> Path:
    from requests import RequestException

    try:
        component = _maven(staging).project(jar.group, jar.artifact).at_version(jar.version)
        return Path(component.artifact().resolve())
    except (RequestException, RuntimeError) as error:
        raise DownloadRefused(
            f"{jar.coordinate} could not be fetched: {error}\n"
            "Check the network and the proxy settings, or name a mirror of Maven Central in SIMPUL_MAVEN_REPOSITORY, "
            "and start again; what was fetched is kept."
        ) from error


def _maven(repo_cache: Path) -> "MavenContext":
    with warnings.catch_warnings():
        # A library below jgo warns at import about a directory that is not used here.
        warnings.simplefilter("ignore")
        from jgo.maven import MavenContext
    mirror = os.environ.get("SIMPUL_MAVEN_REPOSITORY")
    repositories = {"mirror": mirror.rstrip("/")} if mirror else None
    return MavenContext(repo_cache=repo_cache, remote_repos=repositories, timeout=_FETCH_SECONDS)


def resolve() -> list[Jar]:
    """Kafka's jars as Maven resolves them, and the log4j binding of the version among them: without it the broker is mute."""
    staging = Path(tempfile.mkdtemp(prefix="simpul-jars-"))
    try:
        maven = _maven(staging)
        # One coordinate only: a second one would mix its dependency management into Kafka's.
        inputs, below = maven.resolver.resolve([maven.create_dependency(_KAFKA)])
        found = [(one.groupId, one.artifactId, one.version) for one in (*inputs, *below)]
        log4j = next(version for _, artifact, version in found if artifact == "log4j-core")
        found.append(("org.apache.logging.log4j", "log4j-slf4j-impl", log4j))
        return sorted((_hashed(maven, *one) for one in found), key=lambda jar: jar.coordinate)
    finally:
        shutil.rmtree(staging)


def _hashed(maven: "MavenContext", group: str, artifact: str, version: str) -> Jar:
    path = Path(maven.project(group, artifact).at_version(version).artifact().resolve())
    return Jar(group, artifact, version, sha256_of(path))


def write_lock(jars: Iterable[Jar], lock: Path = LOCK) -> None:
    head = f"# The jars of {_KAFKA}, written by python -m simpul_operator.embedded.jars; do not edit.\n"
    lock.write_text(head + "".join(f"{jar.coordinate} {jar.sha256}\n" for jar in jars))


if __name__ == "__main__":
    write_lock(resolve())
