"""What the page asks for and shows: the same queries as the API, gathered from one snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from urllib.parse import urlencode

from pydantic import TypeAdapter, ValidationError
from simpul_shared.access import NATION_CODE
from simpul_shared.days import Day
from simpul_shared.errors import NotFound, Unavailable
from simpul_shared.known_on import parse_known_on
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import Region, RegionUnknown
from simpul_shared.vocabulary import Period, parse_region_code

from simpul_reporting.dashboard.wording import LANGUAGES, Words
from simpul_reporting.domain.moments import AsOf, Months, as_of
from simpul_reporting.domain.targets import Place
from simpul_reporting.queries.activities import ActivityReport, MonthActivities, activity_report
from simpul_reporting.queries.attendance import AttendanceReport, MonthAttendance, attendance_report
from simpul_reporting.queries.libraries import LibraryLine, Years, libraries_at, years
from simpul_reporting.queries.realisation import Realisation, realisation
from simpul_reporting.queries.regions import any_region, find_region
from simpul_reporting.store.places import places_of


class PageUnknown(NotFound):
    slug = "page-unknown"
    title = "Halaman tidak ditemukan"


class NothingYet(Unavailable):
    slug = "nothing-yet"
    title = "Belum ada data"


@dataclass(frozen=True)
class Question:
    """The page's address: everything shown follows from it, so every view is a link."""

    words: Words
    region: str = NATION_CODE
    year: int | None = None
    everyone: bool = False
    valid_on: str | None = None
    known_on: str | None = None

    def link(self, **changes: object) -> str:
        """The address of this view with some of it changed; what is default is left out."""
        asked = replace(self, **changes)  # type: ignore[arg-type]  # templates name the fields
        parameters = {
            "region": asked.region if asked.region != NATION_CODE else None,
            "year": asked.year,
            "all": "1" if asked.everyone else None,
            "valid_on": asked.valid_on,
            "known_on": asked.known_on,
            "lang": asked.words.language if asked.words.language != "id" else None,
        }
        given = {name: value for name, value in parameters.items() if value is not None}
        return "/?" + urlencode(given) if given else "/"

    @property
    def other(self) -> Words:
        return LANGUAGES["en" if self.words.language == "id" else "id"]


def parse_question(parameters: Mapping[str, str]) -> Question:
    """Errors: PageUnknown, for an address that was never given out."""
    year = parameters.get("year") or None
    if year is not None and not (year.isascii() and year.isdecimal() and 2000 <= int(year[:5]) <= 2100):
        raise PageUnknown(f"{year[:20]!r} is no year from 2000 to 2100.")
    return Question(
        words=language_of(parameters),
        region=(parameters.get("region") or NATION_CODE).strip().upper(),
        year=None if year is None else int(year),
        everyone=parameters.get("all") == "1",
        valid_on=parameters.get("valid_on") or None,
        known_on=parameters.get("known_on") or None,
    )


def language_of(parameters: Mapping[str, str]) -> Words:
    return LANGUAGES.get(parameters.get("lang", ""), LANGUAGES["id"])


@dataclass(frozen=True)
class Page:
    """One view, ready for its template."""

    question: Question
    region: Region
    above: list[Place]
    years: list[int]
    figures: Realisation
    activities: ActivityReport
    attendance: AttendanceReport
    libraries: list[LibraryLine]

    @property
    def words(self) -> Words:
        return self.question.words

    @property
    def months_with_activities(self) -> list[MonthActivities]:
        return self.activities.months if self.activities.total.activities else []

    @property
    def months_with_attendance(self) -> list[MonthAttendance]:
        return [month for month in self.attendance.months if month.registered is not None]

    @property
    def heading(self) -> str:
        return self.words.country if self.region.code == NATION_CODE else self.region.name

    @property
    def described(self) -> str:
        """Kind and code; the names of regencies and cities say their kind themselves."""
        if self.region.code == NATION_CODE:
            return ""
        return f"{self.words.kinds.get(self.region.kind, '')} {self.region.code}".strip()

    @property
    def data_as_of(self) -> str | None:
        """The time up to which the page is complete, in the zone of its province."""
        earliest = self.figures.watermark.applied_through.earliest()
        return None if earliest is None else self.words.time(earliest, self.region.timezone)

    @property
    def permanent_link(self) -> str | None:
        """The same page, as final as it can be now."""
        earliest = self.figures.watermark.applied_through.earliest()
        if earliest is None or not self.figures.watermark.provisional:
            return None
        return self.question.link(
            year=self.figures.programme_year,
            known_on=earliest.isoformat(),
            valid_on=self.figures.valid_on.isoformat(),
        )

    @property
    def summary(self) -> str:
        words, figures = self.words, self.figures
        text = words.summary_without_target if figures.target is None else words.summary
        return text.format(
            realised=words.number(figures.realised),
            target=words.number(figures.target),
            reached=words.percent(figures.percentage) or words.no_data,
        )


async def build_page(tx: Transaction, question: Question, *, now: datetime) -> Page:
    """Errors: NothingYet, PageUnknown; RegionUnknown, RegionCodeMalformed, KnownOnMalformed from the address."""
    at = as_of(valid_on=_day(question.valid_on), known_on=parse_known_on(question.known_on), now=now)
    region = await _region(tx, question, at)
    known_years = await years(tx)
    year = question.year or known_years.newest or at.valid_on.year
    months = _months_of(year, at)
    return Page(
        question=replace(question, region=region.code, year=year),
        region=region,
        above=await _above(tx, region, at),
        years=_shown(known_years, year),
        figures=await realisation(tx, region, year, at, all_children=question.everyone, now=now),
        activities=await activity_report(tx, region, months, at, now=now),
        attendance=await attendance_report(tx, region, months, at, now=now),
        libraries=await libraries_at(tx, region, at),
    )


async def _region(tx: Transaction, question: Question, at: AsOf) -> Region:
    """Errors: NothingYet, when not even the country has come from the registry."""
    try:
        return await find_region(tx, parse_region_code(question.region), at)
    except RegionUnknown as unknown:
        if await any_region(tx):
            raise
        raise NothingYet("The registry's regions have not come yet.", retry_after=5) from unknown


def _months_of(year: int, at: AsOf) -> Months:
    """The calendar year's months that have begun; of a year to come all of them, empty."""
    begun = Period.of(at.valid_on)
    last = begun if begun.year == year else Period(year, 12)
    return Months(Period(year, 1), last)


def _shown(known: Years, year: int) -> list[int]:
    return sorted(known.programme | known.recorded | {year}, reverse=True)


async def _above(tx: Transaction, region: Region, at: AsOf) -> list[Place]:
    places = await places_of(tx, region.path[:-1], on=at.valid_on, known_at=at.known_at)
    return [places[region_id] for region_id in region.path[:-1] if region_id in places]


_DAY = TypeAdapter(Day | None)


def _day(text: str | None) -> date | None:
    try:
        return _DAY.validate_python(text)
    except ValidationError as error:
        raise PageUnknown(f"{text!r} is no day.") from error
