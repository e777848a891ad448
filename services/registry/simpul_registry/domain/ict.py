"""What was observed of a library's ICT on one day (pure). An observation that contradicts itself cannot be built."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from simpul_shared.errors import Invalid
from simpul_shared.vocabulary import FundSource, InternetKind, MeasureMethod


class ComputersDoNotAddUp(Invalid):
    slug = "computers-do-not-add-up"
    title = "Jumlah komputer tidak cocok"


class InternetContradicts(Invalid):
    slug = "internet-contradicts"
    title = "Keterangan internet bertentangan"


@dataclass(frozen=True)
class Computers:
    """Those in library use work; working ones elsewhere were diverted. Errors: ComputersDoNotAddUp."""

    total: int
    working: int
    in_library_use: int

    def __post_init__(self) -> None:
        if not self.in_library_use <= self.working <= self.total:
            raise ComputersDoNotAddUp(
                f"Of {self.total} computers {self.working} work and {self.in_library_use} are in library use."
                " Those in use are among those that work, and those among all.",
                field="/computers",
            )


@dataclass(frozen=True)
class Internet:
    """Speeds are measured, in Mbps; the cost is in rupiah a month. Errors: InternetContradicts."""

    kind: InternetKind
    down_mbps: float | None = None
    up_mbps: float | None = None
    hours_per_day: int | None = None
    monthly_cost: int | None = None
    funded_by: FundSource | None = None

    def __post_init__(self) -> None:
        told = (self.down_mbps, self.up_mbps, self.hours_per_day, self.monthly_cost, self.funded_by)
        if self.kind is InternetKind.NONE and any(one is not None for one in told):
            raise InternetContradicts(
                "Where there is no internet it has no speed, hours, cost or fund. Leave them out, or name its kind.",
                field="/internet/kind",
            )


@dataclass(frozen=True)
class IctObservation:
    """None is not observed, which is not 0. `staff_digital_level` goes from 0 to 4."""

    observed_on: date
    computers: Computers
    internet: Internet
    electricity_hours: int | None
    printers: int | None
    staff_digital_level: int | None
    method: MeasureMethod
    evidence: tuple[str, ...] = ()

    def measures(self) -> dict[str, float | None]:
        """What a rubric may ask for, by name."""
        offline = self.internet.kind is InternetKind.NONE
        return {
            "computers_in_library_use": self.computers.in_library_use,
            "working_percent": 100 * self.computers.working / max(self.computers.total, 1),
            "down_mbps": 0 if offline else self.internet.down_mbps,
            "up_mbps": 0 if offline else self.internet.up_mbps,
            "internet_hours": 0 if offline else self.internet.hours_per_day,
            "electricity_hours": self.electricity_hours,
            "printers": self.printers,
            "staff_digital_level": self.staff_digital_level,
        }


MEASURES = frozenset(
    IctObservation(
        date.min, Computers(0, 0, 0), Internet(InternetKind.NONE), None, None, None, MeasureMethod.COUNTED
    ).measures()
)


@dataclass(frozen=True)
class IctSnapshot:
    """An observation as it was recorded, with the readiness that was announced of it then."""

    snapshot_id: UUID
    library_id: UUID
    observation: IctObservation
    recorded_at: datetime
    readiness_level: int
    rubric_version: str
