"""Kinds of refusal, each with a stable slug: commands raise them, platform/http/problems.py answers them (RFC 9457).

Refusal
├── Invalid              422  the request cannot be right
├── NotFound             404  no such thing, or none within the caller's scope
├── Gone                 410  it was there, and is no more, for good
├── Conflict             409  right in itself, but not in the present state
├── Forbidden            403  the caller may not do this here
├── PreconditionRequired 428  If-Match is missing
├── PreconditionFailed   412  If-Match names another version
└── Unavailable          503  not now; `retry_after` says when
"""

from collections.abc import Mapping
from typing import ClassVar


class Refusal(Exception):
    """A request refused for a reason the caller can act on.

    `detail` says what is wrong and what to do. `field` is a JSON Pointer into the body, where there is one field to
    blame. `retry_after` is in seconds. `facts` are further members of the problem document.
    """

    status: ClassVar[int]
    slug: ClassVar[str]
    title: ClassVar[str]

    def __init__(
        self,
        detail: str,
        *,
        field: str | None = None,
        retry_after: int | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.retry_after = retry_after
        self.facts = dict(facts or {})


class Invalid(Refusal):
    status = 422
    slug = "invalid"
    title = "Isi permintaan tidak sah"


class NotFound(Refusal):
    status = 404
    slug = "not-found"
    title = "Tidak ditemukan"


class Gone(Refusal):
    status = 410
    slug = "gone"
    title = "Sudah tidak ada"


class Conflict(Refusal):
    status = 409
    slug = "conflict"
    title = "Bertentangan dengan keadaan sekarang"


class Forbidden(Refusal):
    status = 403
    slug = "forbidden"
    title = "Tidak berwenang"


class OutsideScope(Forbidden):
    slug = "outside-scope"
    title = "Di luar wilayah kewenangan"


class PreconditionRequired(Refusal):
    status = 428
    slug = "if-match-required"
    title = "If-Match wajib diisi"


class PreconditionFailed(Refusal):
    status = 412
    slug = "version-mismatch"
    title = "Versi sudah berubah"


class Unavailable(Refusal):
    status = 503
    slug = "unavailable"
    title = "Belum dapat dilayani"
