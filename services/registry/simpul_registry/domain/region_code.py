"""Codes of other schemes than Kemendagri's (pure). They are assigned by people, dated, and never derived from each other."""

import re
from enum import StrEnum

from simpul_shared.errors import Invalid, NotFound
from simpul_shared.vocabulary import RegionCodeMalformed, RegionLevel

_BPS_DIGITS = {
    RegionLevel.PROVINCE: 2,
    RegionLevel.REGENCY: 4,
    RegionLevel.DISTRICT: 7,
    RegionLevel.VILLAGE: 10,
}


class CodeScheme(StrEnum):
    KEMENDAGRI = "KEMENDAGRI"
    BPS = "BPS"


class CodeOfOtherLevel(Invalid):
    slug = "code-of-other-level"
    title = "Kode tidak sesuai tingkat wilayah"


class CodeNotAssigned(NotFound):
    slug = "code-not-assigned"
    title = "Kode tidak pernah diberikan"


class SchemeTakesACode(Invalid):
    slug = "scheme-takes-a-code"
    title = "Skema hanya untuk satu kode"


def parse_bps_code(text: str, *, field: str) -> str:
    """Digits without dots: 2 for a province, 4, 7, 10 for a village. Errors: RegionCodeMalformed."""
    if not re.fullmatch(r"\d{2}|\d{4}|\d{7}|\d{10}", text, re.ASCII):
        raise RegionCodeMalformed(
            f"{text!r} is no BPS code. It has 2, 4, 7 or 10 digits and no dots, such as 5103020009.", field=field
        )
    return text


def parse_bps_beginning(text: str, *, field: str) -> str:
    """Of what may be a whole code, too. Errors: RegionCodeMalformed."""
    if not re.fullmatch(r"\d{1,10}", text, re.ASCII):
        raise RegionCodeMalformed(
            f"{text!r} begins no BPS code. It has 10 digits at most and nothing between them, such as 5103020009.",
            field=field,
        )
    return text


def require_level(code: str, level: RegionLevel) -> None:
    """Errors: CodeOfOtherLevel."""
    digits = _BPS_DIGITS.get(level)
    if digits != len(code):
        raise CodeOfOtherLevel(
            f"A BPS code of a {level.value} has {digits or 'no'} digits, {code} has {len(code)}.", field="/code"
        )
