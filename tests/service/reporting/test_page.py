"""The public page: the API's figures, national to village, without a script and in two languages."""

import gzip
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser

import httpx
import pytest
import uuid6
from msgspec import structs
from simpul_reporting.app import SERVICE
from simpul_reporting.dashboard.wording import ENGLISH, INDONESIAN
from simpul_shared.contracts.registry import LibraryActivated, LibraryDormant, LibraryReactivated
from simpul_shared.contracts.topics import LIBRARIES
from simpul_shared.vocabulary import LibraryStatus

from tests.service.reporting.test_known_on import mark
from tests.service.reporting.world import bali, designated, nominated, now, recorded_activity
from tests.support.databases import Databases
from tests.support.services import ServiceUnderTest, service_under_test


class Html(HTMLParser):
    """What a reader without style sheets gets: words, links, and what each page loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.tags: list[str] = []
        self.language = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.language = given["lang"] if tag == "html" else self.language
        if tag == "a":
            self.links.append(given["href"])
        self.loaded += [given[name] for name in ("src", "href", "action") if name in given and tag != "a"]

    def handle_data(self, data: str) -> None:
        self.words += data.split()

    @property
    def text(self) -> str:
        return " ".join(self.words)


@pytest.fixture
async def reporting(databases: Databases) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(SERVICE, databases) as service:
        await fill(service)
        yield service


async def fill(reporting: ServiceUnderTest) -> None:
    map_ = bali()
    library, spot = uuid6.uuid7(), map_["51.03.02.2009"]
    await reporting.receive(
        *map_.published(),
        nominated(spot, library_id=library),
        designated(spot, library_id=library),
        LibraryActivated(library_id=library, effective_on=date(2021, 8, 1)),
        designated(map_["51.05.02.2003"]),
        recorded_activity(spot, library_id=library, held_on=date(2021, 7, 19), total=1234, women=1000),
    )
    for code, value in {"ID": 450, "51": 12, "51.03": 5, "51.05": 4}.items():
        body = {"programme_year": 2021, "indicator": "LIBRARIES", "region_code": code, "value": value}
        assert (await reporting.caller().post("/v1/targets", body)).status_code == 201


async def read(reporting: ServiceUnderTest, address: str = "/", *, status: int = 200) -> Html:
    answer = await reporting.http.get(address)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Html(answer.text)


async def test_the_page_leads_from_the_country_to_the_village_by_its_links(reporting: ServiceUnderTest) -> None:
    page = await read(reporting)
    for code in ("51", "51.03", "51.03.02", "51.03.02.2009"):
        (link,) = {link for link in page.links if f"region={code}&" in link and link.startswith("/?")}
        page = await read(reporting, link)

    assert "Nasional Bali Kabupaten Badung Mengwi Mengwi" in page.text
    assert "Perpustakaan Desa Mengwi Aktif 1 Agu 2021" in page.text


async def test_a_decree_for_a_further_year_changes_nothing_of_since_when_a_library_is_what_it_is(
    reporting: ServiceUnderTest,
) -> None:
    library, spot = uuid6.uuid7(), bali()["51.03.02.2008"]
    await reporting.receive(
        nominated(spot, library_id=library),
        designated(spot, library_id=library, sk_date=date(2021, 3, 1)),
        designated(spot, library_id=library, sk_date=date(2021, 4, 1), year=2022),
    )
    await reporting.receive(
        designated(spot, library_id=library, sk_date=date(2021, 5, 1), year=2023),
        LibraryActivated(library_id=library, effective_on=date(2021, 7, 5)),
        LibraryDormant(library_id=library, effective_on=date(2022, 1, 10), reason="x"),
        LibraryReactivated(library_id=library, effective_on=date(2023, 6, 1)),
        structs.replace(
            designated(spot, library_id=library, sk_date=date(2022, 3, 1), year=2024), status=LibraryStatus.ACTIVE
        ),
    )
    for day, status in {
        "2021-06-01": "Ditetapkan 1 Mar 2021",
        "2021-08-01": "Aktif 5 Jul 2021",
        "2022-04-01": "Nonaktif 10 Jan 2022",
        "2024-07-01": "Aktif 1 Jun 2023",
    }.items():
        page = await read(reporting, f"/?region={spot.code}&valid_on={day}")
        assert f"Perpustakaan Desa Baha {status}" in page.text


async def test_the_page_shows_the_figures_of_the_api(reporting: ServiceUnderTest) -> None:
    page = await read(reporting, "/?region=51")
    api = (await reporting.caller().get("/v1/reports/realisation", programme_year=2021, region="51")).json()

    assert f"{api['realised']} dari {api['target']} perpustakaan sasaran" in page.text
    for child in api["children"]:
        percent = f"{child['percentage']:g}".replace(".", ",")
        assert f"{child['name']} {child['code']} {child['target']} {child['realised']} {percent}%" in page.text
    assert "Jul 2021 1 1.234 1.000 234 0 1" in page.text


async def test_what_is_not_recorded_is_told_from_zero(reporting: ServiceUnderTest) -> None:
    badung = await read(reporting, "/?region=51.03")
    tabanan = await read(reporting, "/?region=51.02")

    assert "Jun 2021 Belum ada data Jul 2021" in badung.text
    assert "Target Belum ada target Realisasi 0" in tabanan.text
    assert "Cakupan kegiatan Belum ada data" in tabanan.text


async def test_the_language_link_keeps_the_view(reporting: ServiceUnderTest) -> None:
    page = await read(reporting, "/?region=51&year=2021&all=1")
    (link,) = [link for link in page.links if "lang=en" in link]
    english = await read(reporting, link)
    back = [link for link in english.links if link == "/?region=51&year=2021&all=1"]

    assert (page.language, english.language) == ("id", "en")
    assert "2 of 12 targeted libraries are designated (16.67%)." in english.text
    assert "Jul 2021 1 1,234 1,000 234 0 1" in english.text
    assert back


async def test_the_time_of_the_data_is_told_in_the_zone_of_the_place(reporting: ServiceUnderTest) -> None:
    await mark(reporting, now(), "registry", "activities", "reporting")

    told = [(await read(reporting, address)).text for address in ("/", "/?region=51", "/?region=51&lang=en")]

    assert re.search(r"Data per \d+ \w{3} \d{4} \d\d\.\d\d WIB sementara", told[0])
    assert re.search(r"Data per \d+ \w{3} \d{4} \d\d\.\d\d WITA sementara", told[1])
    assert re.search(r"Data as of \d+ \w{3} \d{4} \d\d:\d\d WITA provisional", told[2])


async def test_the_page_says_how_many_records_are_not_counted_yet(reporting: ServiceUnderTest) -> None:
    assert "belum dapat dihitung" not in (await read(reporting, "/?region=51")).text
    await reporting.apply([reporting.record(LIBRARIES.name, b"k", b"{")])

    told = [(await read(reporting, address)).text for address in ("/?region=51", "/?region=51&lang=en")]

    assert "Catatan yang belum dapat dihitung dan sedang ditangani: 1" in told[0]
    assert "Records that could not be counted yet and are being looked into: 1" in told[1]


async def test_the_permanent_link_is_final_and_stays_the_same(reporting: ServiceUnderTest) -> None:
    await mark(reporting, now(), "registry", "activities", "reporting")
    (link,) = [link for link in (await read(reporting, "/?region=51")).links if "known_on" in link]
    first = await reporting.http.get(link)
    await reporting.receive(designated(bali()["51.02.05.2004"]))
    await mark(reporting, now() + timedelta(seconds=1), "registry", "activities", "reporting")
    second = await reporting.http.get(link)

    assert " final " in Html(first.text).text
    assert first.content == second.content
    assert "3 dari 12" in (await read(reporting, "/?region=51")).text


async def test_an_unknown_address_is_answered_in_both_languages(reporting: ServiceUnderTest) -> None:
    for address in (
        "/?region=99",
        "/?region=5103",
        "/?region='--",
        "/?year=20x1",
        "/?known_on=kemarin",
        "/?valid_on=31",
    ):
        page = await read(reporting, address, status=404)

        assert INDONESIAN.not_found_why in page.text
        assert ENGLISH.not_found_why in page.text


async def test_names_are_text_and_never_markup(reporting: ServiceUnderTest) -> None:
    spot = replace(bali()["51.05"], name="<script>alert('Kab. \"X\"')</script>")
    await reporting.receive(spot.published())

    for address in ("/?region=51", "/?region=51.05"):
        answer = await reporting.http.get(address)
        assert "script" not in Html(answer.text).tags
        assert spot.name in Html(answer.text).text


def assert_alone(answer: httpx.Response) -> None:
    page = Html(answer.text)
    assert not {"script", "style", "iframe"} & set(page.tags)
    assert all(address.startswith(("/", "#", "data:,")) for address in [*page.loaded, *page.links])
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_page_stands_alone_and_is_small(reporting: ServiceUnderTest) -> None:
    answer = await reporting.http.get("/?all=1")
    assert_alone(answer)
    assert_alone(await reporting.http.get("/?region=99"))
    (style,) = [address for address in Html(answer.text).loaded if "css" in address]
    sheet = await reporting.http.get(style)

    assert sheet.headers["content-type"].startswith("text/css")
    assert len(gzip.compress(answer.content)) + len(gzip.compress(sheet.content)) < 80_000


async def test_years_with_targets_designations_or_records_can_be_chosen(reporting: ServiceUnderTest) -> None:
    await reporting.receive(
        designated(bali()["51.05.02.2003"], year=2020, sk_date=date(2020, 1, 1)),
        recorded_activity(bali()["51.05.02.2003"], held_on=date(2022, 7, 19)),
    )
    page = await read(reporting)

    assert "Tahun program 2022 2021 2020 Kode wilayah" in page.text
    assert "Kegiatan pelibatan masyarakat per bulan, 2021" in page.text


async def test_invented_sample_data_is_called_so(reporting: ServiceUnderTest) -> None:
    with_sample = await read(reporting, "/?region=51.03")
    without = await read(reporting, "/?region=51.05")

    assert INDONESIAN.sample in with_sample.text
    assert INDONESIAN.sample not in without.text


async def test_before_any_region_has_come_the_page_says_to_come_back(databases: Databases) -> None:
    async with service_under_test(SERVICE, databases) as empty:
        answer = await empty.http.get("/")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert INDONESIAN.not_yet_why in Html(answer.text).text
    assert ENGLISH.not_yet_why in Html(answer.text).text
