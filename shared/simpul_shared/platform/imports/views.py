"""What callers are shown of an import and of its rows."""

from datetime import datetime
from uuid import UUID

import asyncpg
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from simpul_shared.platform.imports.store import Import, ImportState, RowVerdict
from simpul_shared.platform.imports.table import Problem, problems_of

_IMPORT: JsonDict = {
    "import_id": "01979a4e-7c11-7d2b-8f5e-0c2f4a1b9d33",
    "form": "libraries",
    "region": "51.03",
    "state": "CHECKED",
    "file_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "file_bytes": 18211,
    "kind": "xlsx",
    "sheet": "Data",
    "encoding": None,
    "unknown_columns": ["Keterangan"],
    "rows_read": 120,
    "rows_accepted": 118,
    "rows_refused": 2,
    "rows_applied": 0,
    "rows_known": 0,
    "rows_done": 0,
    "problem": None,
    "version": 3,
    "created_at": "2026-11-22T03:05:00Z",
    "changed_at": "2026-11-22T03:05:04Z",
}


class WhyRefused(BaseModel):
    code: str
    title: str
    detail: str


class ImportView(BaseModel):
    """How far an import is. `problem` says why the file was refused or the work halted; `version` is the ETag, and grows when the
    state changes or the reading begins anew.

    While CHECKED, `rows_accepted`, `rows_refused` and `rows_known` are the verdicts of the dry run. From COMMITTING on,
    `rows_applied`, `rows_known` and `rows_refused` are receipts, and `rows_done` is their sum, also where the commit HALTED.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_IMPORT]})

    import_id: UUID
    form: str
    region: str
    state: ImportState
    file_sha256: str
    file_bytes: int
    kind: str | None
    sheet: str | None
    encoding: str | None
    unknown_columns: list[str] = Field(description="Columns of the file that the form has not; they are not read")
    rows_read: int
    rows_accepted: int
    rows_refused: int
    rows_applied: int
    rows_known: int = Field(description="Rows that say what was applied before, from this file or another")
    rows_done: int
    problem: WhyRefused | None
    version: int
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, found: Import) -> "ImportView":
        head = found.head or {}
        done = found.rows_applied + found.rows_known + found.rows_refused
        return cls(
            import_id=found.import_id,
            form=found.form,
            region=found.region_code,
            state=found.state,
            file_sha256=found.file_sha256.hex(),
            file_bytes=found.file_bytes,
            kind=head.get("kind"),
            sheet=head.get("sheet"),
            encoding=head.get("encoding"),
            unknown_columns=head.get("unknown_columns", []),
            rows_read=found.rows_read,
            rows_accepted=found.rows_accepted,
            rows_refused=found.rows_refused,
            rows_applied=found.rows_applied,
            rows_known=found.rows_known,
            rows_done=done if found.done_through > 0 else 0,
            problem=WhyRefused(**found.problem) if found.problem else None,
            version=found.version,
            created_at=found.created_at,
            changed_at=found.changed_at,
        )


class ProblemView(BaseModel):
    """`hint` says what is wrong and what to do, `choices` what may be meant instead."""

    code: str
    hint: str
    column: str | None = None
    choices: list[str] = []

    @classmethod
    def of(cls, one: Problem) -> "ProblemView":
        return cls(code=one.code, hint=one.hint, column=one.column, choices=list(one.choices))


class RowView(BaseModel):
    """The verdict on a row, and after the commit its receipt: what it made and which events say so."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "row": 7,
                    "row_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                    "verdict": "REFUSED",
                    "subject_id": None,
                    "event_ids": [],
                    "problems": [
                        {
                            "code": "place-ambiguous",
                            "column": "village",
                            "hint": "Ada beberapa wilayah bernama Punggul. Pilih kodenya.",
                            "choices": ["51.03.03.2004 Punggul, Abiansemal, KAB. BADUNG"],
                        }
                    ],
                    "remarks": [],
                }
            ]
        }
    )

    row: int = Field(description="Its number in the file, as a spreadsheet shows it")
    row_hash: str
    verdict: RowVerdict
    subject_id: UUID | None
    event_ids: list[UUID]
    problems: list[ProblemView]
    remarks: list[ProblemView]

    @classmethod
    def of(cls, row: asyncpg.Record) -> "RowView":
        return cls(
            row=row["row_no"],
            row_hash=row["row_hash"].hex(),
            verdict=row["verdict"],
            subject_id=row["subject_id"],
            event_ids=row["event_ids"],
            problems=[ProblemView.of(one) for one in problems_of(row["problems"])],
            remarks=[ProblemView.of(one) for one in problems_of(row["remarks"])],
        )
