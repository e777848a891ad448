"""The written pages name only what exists, and name all that they promise to."""

import ast
import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings
from simpul_activities.domain.activity import ActivityStatus
from simpul_activities.domain.bimtek import Pillar, SessionMethod
from simpul_activities.domain.plan import ItemState
from simpul_registry.domain.decree_review import DecreeStatus
from simpul_registry.domain.duplicate_people import Verdict
from simpul_registry.domain.fate import RegionFate
from simpul_registry.domain.person import AccessKind, Gender, ReadPurpose
from simpul_shared import vocabulary
from simpul_shared.access import Role
from simpul_shared.platform.consume import LetterState
from simpul_shared.platform.imports.store import ImportState, RowVerdict
from simpul_shared.platform.settings import PlatformSettings

from tests.support.reference import ALL, ROOT

DOCS = ROOT / "docs"
NAVIGATING = DOCS / "explanation" / "navigating-the-code.md"
DECISIONS = DOCS / "decisions"
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "deploy/**/*.md", "services/*/README.md", "shared/*.md")
    for page in ROOT.glob(pattern)
)
CODE = (".py", ".sql", ".html", ".css", ".csv", ".gz")
WORDS = [
    *(kind for kind in StrEnum.__subclasses__() if kind.__module__ == vocabulary.__name__),
    *(ActivityStatus, ItemState, SessionMethod, Pillar, Role, LetterState, RegionFate, DecreeStatus),
    *(AccessKind, Gender, ReadPurpose, Verdict, ImportState, RowVerdict),
]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    """The text without fenced blocks, in which brackets are code."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ +(.+)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def rows(text: str) -> Iterator[list[str]]:
    """The cells of each table row, without head and ruler."""
    for row in re.findall(r"^\|(.+)\|$", text, flags=re.MULTILINE):
        cells = [cell.strip() for cell in row.split(" | ")]
        if not set(cells[0]) <= set("-| "):
            yield cells


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_to_a_file_resolves(page: Path) -> None:
    for target in re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = page if not path else (page.parent / path).resolve()
        assert linked.exists(), f"{name_of(page)} links to {target}"
        assert not anchor or anchor in anchors(linked), f"{name_of(page)} links to {target}"


def settings_in_code() -> set[str]:
    """Variables of the settings classes, and those that code, compose and scripts spell out."""
    kinds: list[type[BaseSettings]] = [PlatformSettings, *(service.settings for service in ALL)]
    known = {f"{kind.model_config.get('env_prefix')}{name}".upper() for kind in kinds for name in kind.model_fields}
    sources = [ROOT / "docker-compose.yml", ROOT / "deploy" / "service.Dockerfile"]
    folders = (ROOT / folder for folder in ("deploy", "services", "shared", "tests"))
    for source in chain(sources, *(folder.rglob("*.py") for folder in folders)):
        known |= set(re.findall(r"SIMPUL_[A-Z][A-Z_]*[A-Z]", source.read_text(encoding="utf-8")))
    return known


def test_every_setting_that_a_page_names_exists() -> None:
    known = settings_in_code()
    for page in PAGES:
        for variable in re.findall(r"SIMPUL_[A-Z][A-Z_]*", page.read_text(encoding="utf-8")):
            name = variable.removesuffix("_FILE")
            open_ended = name.endswith("_") and any(one.startswith(name) for one in known)
            assert {variable, name} & known or open_ended, f"{name_of(page)} names {variable}"


def folders_named() -> set[Path]:
    """Folders, or the modules in their place, that navigating-the-code.md has a sentence for; `<name>` is each service."""
    section = NAVIGATING.read_text(encoding="utf-8").split("\n## ")[1]
    found = set()
    for cells in list(rows(section))[1:]:
        (pattern,) = named(cells[0])
        assert cells[1].endswith(".")
        assert ". " not in cells[1], f"one sentence for {pattern}"
        services = ALL if "<name>" in pattern else ALL[:1]
        paths = [ROOT / pattern.replace("<name>", service.name) for service in services]
        found |= {path if path.is_dir() else path.with_suffix(".py") for path in paths}
    return found


def test_every_folder_that_navigating_names_exists() -> None:
    missing = {path for path in folders_named() if not path.exists()}
    assert not missing


def test_every_folder_with_code_has_its_sentence() -> None:
    tops = (ROOT / top for top in ("deploy", "docs", "services", "shared", "tests"))
    files = (file for top in tops for file in top.rglob("*") if file.suffix in (*CODE, ".md"))
    holding = {file.parent for file in files if file.stat().st_size and "__pycache__" not in file.parts}
    empty = {folder for folder in holding if {file.name for file in folder.iterdir()} <= {"__init__.py", "__pycache__"}}
    services = {ROOT / "services" / one.name / f"simpul_{one.name}" for one in ALL}  # the parts have the sentences
    assert not holding - empty - services - folders_named()


def definitions(path: Path) -> set[str]:
    """Functions and classes of a module, and methods as Class.method."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    found = {node.name for node in tree.body if isinstance(node, kinds)}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{inner.name}" for inner in node.body if isinstance(inner, kinds)}
    return found


def test_every_function_on_the_way_to_the_report_is_where_navigating_says() -> None:
    walk = NAVIGATING.read_text(encoding="utf-8").split("\n## ")[2]
    steps = [(named(cells[0]), named(cells[1])) for cells in rows(walk) if cells[0] != "file"]
    assert len(steps) > 15
    for (file,), functions in steps:
        assert (ROOT / file).exists(), file
        assert functions
        assert set(functions) <= definitions(ROOT / file), f"{file} lacks {functions}"


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_every_word_of_the_code_is_in_the_glossary(kind: type[StrEnum]) -> None:
    sections = re.split(r"^#+ ", (DOCS / "reference" / "glossary.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    (section,) = [text for text in sections if f"`{kind.__name__}`" in text.partition("\n")[0]]
    told = {value for cells in rows(section) for value in named(cells[1])}
    assert {word.value for word in kind} <= told


def test_decisions_have_a_number_each_and_are_listed_in_order() -> None:
    files = sorted(DECISIONS.glob("[0-9]*.md"))
    assert len({file.name[:4] for file in files}) == len(files)
    listed = re.findall(
        r"^\| \[\d{4}\]\(([^)]+)\)", (DECISIONS / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert listed == [file.name for file in files]
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert text.startswith(f"# {file.name[:4]}. ")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences", "Alternatives"]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_page_names_a_place_of_one_machine(page: Path) -> None:
    assert not re.search(r"(?<![\w.])/(home|root|work)/|\.\./shared/(?!simpul)", prose(page))
