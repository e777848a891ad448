"""What can be said of an uploaded file before anything in it is inflated or parsed: its kind, and what its directory declares.

A directory can lie, so inflate.py counts once more what really comes out, in the process that reads the file.
"""

import codecs
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from simpul_shared.platform.imports.limits import LIMITS, Limits
from simpul_shared.platform.imports.refusals import (
    FileBroken,
    FileEmpty,
    FileEncrypted,
    FileHasMacros,
    FileInflates,
    FileKindUnknown,
    FileTooLarge,
)


class FileKind(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True)
class Entry:
    """A file in a zip, as the directory at its end declares it."""

    name: str
    method: int
    packed_bytes: int
    inflated_bytes: int
    header_at: int


_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_MAX_COMMENT = 65_535
_MAX_NAME = 1_024
_ZIP64 = 0xFFFF
_ZIP64_FIELD = 1
_ELSEWHERE = 0xFFFFFFFF
_ENCRYPTED = 1
STORED, DEFLATED = 0, 8
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOCKED_PART = "EncryptedPackage".encode("utf-16-le")
_FOREIGN = (
    b"%pdf",
    b"\x1f\x8b",
    b"7z\xbc\xaf",
    b"rar!",
    b"\x89png",
    b"\xff\xd8\xff",
    b"{\\rtf",
    b"mime-version:",
    b"<",
)
"""In small letters. Web pages with a table go by the name .xls, too."""
_WRAPPED = b"content-disposition: form-data"
_BEGINNING = 1_024


def inspect(path: Path, limits: Limits = LIMITS) -> FileKind:
    """The kind of the file, once it is known to be worth opening. Errors: the refusals of a file, by what is declared."""
    size = path.stat().st_size
    if size == 0:
        raise FileEmpty("The file has no content. Fill in the template and send it again.")
    if size > limits.upload_bytes:
        raise FileTooLarge(f"At most {limits.upload_bytes} bytes are accepted; split the file by region.")
    with path.open("rb") as file:
        beginning = file.read(_BEGINNING)
        if beginning.startswith(_OLE):
            raise _older_or_locked(file)
        if beginning.startswith(b"PK"):
            require_workbook(read_directory(file, limits), size, limits)
            return FileKind.XLSX
    _refuse_foreign(beginning.lower())
    return FileKind.CSV


def _refuse_foreign(beginning: bytes) -> None:
    """In whatever encoding. Errors: FileKindUnknown."""
    text = beginning.removeprefix(codecs.BOM_UTF16_LE).removeprefix(codecs.BOM_UTF8).replace(b"\0", b"").lstrip()
    if text.startswith(b"--") and _WRAPPED in text:
        raise FileKindUnknown("The file is wrapped as a web form sends it. Send its bytes alone (curl --data-binary).")
    if beginning.startswith(_FOREIGN) or text.startswith(_FOREIGN):
        raise FileKindUnknown(
            "This is neither CSV nor XLSX. Save the table as CSV UTF-8 or as an Excel workbook (.xlsx)."
        )


def _older_or_locked(file: BinaryIO) -> FileEncrypted | FileKindUnknown:
    file.seek(0)
    if _LOCKED_PART in file.read():
        return FileEncrypted(
            "The workbook is protected by a password. Remove it (File, Info, Protect) and send it again."
        )
    return FileKindUnknown(
        "This is the old Excel format (.xls). Save it as an Excel workbook (.xlsx) and send it again."
    )


def read_directory(file: BinaryIO, limits: Limits = LIMITS) -> list[Entry]:
    """The entries that the zip declares; nothing is inflated. Errors: FileBroken, FileInflates for too many of them."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END.size - _MAX_COMMENT))
    tail = file.read()
    found = tail.rfind(b"PK\x05\x06")
    if found < 0 or len(tail) - found < _END.size:
        raise _broken("its directory is missing, so it was cut off")
    _, disk, first_disk, here, count, length, offset, _ = _END.unpack_from(tail, found)
    if _ZIP64 in {count, here} or disk or first_disk or here != count:
        raise FileInflates("The workbook declares more parts than any table needs. Save it anew and send it again.")
    if count > limits.zip_entries or length > count * (_ENTRY.size + 3 * _MAX_NAME):
        raise FileInflates(
            f"The workbook has {count} parts; at most {limits.zip_entries} are accepted. Keep only the sheet with the data."
        )
    if offset + length > size:
        raise _broken("its directory lies beyond its end, so it was cut off")
    file.seek(offset)
    return list(_entries(file.read(length), count))


def _entries(directory: bytes, count: int) -> Iterator[Entry]:
    at = 0
    for _ in range(count):
        if len(directory) - at < _ENTRY.size or directory[at : at + 4] != b"PK\x01\x02":
            raise _broken("its directory cannot be read")
        fields = _ENTRY.unpack_from(directory, at)
        flags, method, packed, inflated, name_length, extra, comment = (fields[i] for i in (3, 4, 8, 9, 10, 11, 12))
        if flags & _ENCRYPTED:
            raise FileEncrypted("A part of the workbook is encrypted. Remove the password and send it again.")
        named = at + _ENTRY.size + name_length
        name = directory[at + _ENTRY.size : named].decode("utf-8", "replace")
        inflated, packed, header_at = _whole_sizes((inflated, packed, fields[16]), directory[named : named + extra])
        yield Entry(name, method, packed, inflated, header_at)
        at = named + extra + comment


def _whole_sizes(declared: Sequence[int], extra: bytes) -> list[int]:
    """Those that did not fit into four bytes, as some programs write all of them, stand in a field of their own (zip64)."""
    left = _zip64_field(extra)
    whole = []
    for one in declared:
        if one == _ELSEWHERE and len(left) < 8:
            raise _broken("its directory does not tell the size of a part")
        whole.append(int.from_bytes(left[:8], "little") if one == _ELSEWHERE else one)
        left = left[8:] if one == _ELSEWHERE else left
    return whole


def _zip64_field(extra: bytes) -> bytes:
    while len(extra) >= 4:
        kind, length = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        if kind == _ZIP64_FIELD:
            return extra[4 : 4 + length]
        extra = extra[4 + length :]
    return b""


def require_workbook(entries: Sequence[Entry], size: int, limits: Limits) -> None:
    """Errors: FileInflates, FileHasMacros, FileKindUnknown, FileBroken."""
    declared = sum(one.inflated_bytes for one in entries)
    if declared > limits.inflated_bytes:
        raise FileInflates(
            f"The workbook would inflate to {declared} bytes; at most {limits.inflated_bytes} are accepted."
        )
    if declared > size * limits.inflation_ratio:
        raise FileInflates(f"The workbook would inflate to {declared // size} times its size, which no table does.")
    names = [one.name.lower() for one in entries]
    if any(name.endswith(("vbaproject.bin", ".vbs")) or "/macrosheets/" in name for name in names):
        raise FileHasMacros("The workbook holds macros. Save it as an Excel workbook without macros (.xlsx).")
    if any(name.endswith((".zip", ".xlsx", ".xlsm", ".docx", ".jar", ".gz")) for name in names):
        raise FileInflates("The workbook holds another packed file. Remove embedded files and send it again.")
    if "xl/workbook.xml" not in names:
        raise FileKindUnknown("This packed file is no Excel workbook. Save the table as .xlsx or CSV.")
    if any(one.method not in {STORED, DEFLATED} for one in entries):
        raise _broken("a part of it is packed in a way that Excel does not use")


def _broken(why: str) -> FileBroken:
    return FileBroken(f"The workbook cannot be read: {why}. Open it in Excel, save it anew and send it again.")
