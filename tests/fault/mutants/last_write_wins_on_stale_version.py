"""If-Match is read and not compared: of two changes of one version the later overwrites the earlier."""

from tests.fault.hunt.findings import Kind

TARGET = "simpul_shared.platform.http.command:require_version"
SHOWS = {Kind.STALE}


def replacement(current: int, expected: int) -> None:
    return
