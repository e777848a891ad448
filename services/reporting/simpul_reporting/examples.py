"""Example answers for the OpenAPI document: the figures of the 2021 sample."""

from typing import Any

_BALI = {"region_id": "5f6ad2c2-4f34-5d0c-9a5e-5a53d1c6a3b1", "code": "51", "name": "Bali", "level": "PROVINSI"}
_BADUNG = {"region_id": "0b1f8c5e-8a52-5a0e-b6f0-6c1d3f6f2a77", "code": "51.03", "name": "Kabupaten Badung"}
_ASKED = {
    "valid_on": "2026-11-22",
    "known_on": "2026-11-22T03:05:00Z",
    "watermark": {
        "applied_through": {
            "registry": "2026-11-22T03:04:59.200000Z",
            "activities": "2026-11-22T03:04:59.400000Z",
            "reporting": "2026-11-22T03:04:59.700000Z",
        },
        "lag_seconds": 0.8,
        "withheld": 0,
        "provisional": True,
    },
}


def _covered(designated: int, with_activity: int, percentage: float) -> dict[str, Any]:
    return {"designated": designated, "with_activity": with_activity, "percentage": percentage}


REALISATION: dict[str, Any] = {
    "target": 12,
    "realised": 12,
    "percentage": 100.0,
    "coverage": _covered(12, 9, 75.0),
    "programme_year": 2021,
    "region": _BALI,
    "own": 0,
    "provinces": None,
    "children": [
        {**_BADUNG, "target": 5, "realised": 5, "percentage": 100.0, "coverage": _covered(5, 4, 80.0)},
    ],
    "region_basis": "at_event",
    **_ASKED,
}

TARGET: dict[str, Any] = {
    "target_id": "01930f6e-2b1c-7c43-9d8e-0c7d6f1b2a34",
    "version": 1,
    "programme_year": 2021,
    "indicator": "LIBRARIES",
    "region": _BALI,
    "parent_target_id": "01930f6e-1a00-7d11-8f00-3b9a5c2d4e5f",
    "value": 12,
    "unallocated": 0,
    "basis": "stated",
}

TARGET_HISTORY: dict[str, Any] = {
    **TARGET,
    "version": 2,
    "revisions": [
        {"version": 1, "value": 10, "reason": None, "recorded_at": "2026-11-20T02:00:00Z"},
        {"version": 2, "value": 12, "reason": "Tambahan kuota", "recorded_at": "2026-11-21T02:00:00Z"},
    ],
}

_COUNTS = {
    "activities": 25,
    "attendances": 620,
    "women": 340,
    "men": 270,
    "gender_unknown": 10,
    "disability": 8,
    "low_income": 120,
}
_NOTHING = dict.fromkeys(_COUNTS)

ACTIVITIES: dict[str, Any] = {
    "region": _BALI,
    "from": "2021-06",
    "to": "2021-07",
    "total": {**_COUNTS, "reporting_libraries": 9},
    "months": [
        {**_NOTHING, "reporting_libraries": 0, "month": "2021-06", "categories": []},
        {
            **_COUNTS,
            "reporting_libraries": 9,
            "month": "2021-07",
            "categories": [{**_COUNTS, "category": "EKONOMI"}],
        },
    ],
    "own": {**_NOTHING, "reporting_libraries": 0},
    "children": [{**_COUNTS, "reporting_libraries": 9, **_BADUNG}],
    "includes_sample": True,
    "region_basis": "at_event",
    **_ASKED,
}

_MARKED = {
    "registered": 12,
    "marks": {"HADIR": 110, "TERLAMBAT": 4, "IZIN": 3, "SAKIT": 2, "ALPA": 1},
    "attendance_rate": 95.0,
}

ATTENDANCE: dict[str, Any] = {
    "region": _BALI,
    "from": "2021-06",
    "to": "2021-06",
    "total": _MARKED,
    "months": [{**_MARKED, "month": "2021-06"}],
    "own": {"registered": None, "marks": None, "attendance_rate": None},
    "children": [{**_MARKED, **_BADUNG}],
    "includes_sample": True,
    "region_basis": "at_event",
    **_ASKED,
}
