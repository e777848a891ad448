"""Reads the dated rules that are shipped as data, or those that a setting names in their place."""

import tomllib
from pathlib import Path
from typing import Any

from simpul_shared.vocabulary import Schooling

from simpul_registry.domain.dated_rules import RulesBroken
from simpul_registry.domain.rubric import Criterion, Rubric, Rubrics, Step
from simpul_registry.domain.snp import SnpRules, Standards

_SHIPPED = Path(__file__).parent.parent / "data" / "rules"
READINESS = _SHIPPED / "ict-readiness.toml"
SNP = _SHIPPED / "snp.toml"


def read_rubrics(path: Path = READINESS) -> Rubrics:
    """Errors: RulesBroken, which says what is wrong with the file."""
    document = _read(path)
    try:
        return Rubrics(tuple(_rubric(one) for one in document["version"]))
    except (KeyError, TypeError, ValueError) as error:
        raise RulesBroken(f"{path}: {error}") from error


def read_standards(path: Path = SNP) -> Standards:
    """Errors: RulesBroken, which says what is wrong with the file."""
    document = _read(path)
    try:
        rules = [SnpRules(**one | {"head_schooling": Schooling(one["head_schooling"])}) for one in document["version"]]
        return Standards(tuple(rules))
    except (KeyError, TypeError, ValueError) as error:
        raise RulesBroken(f"{path}: {error}") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RulesBroken(f"{path} can't be read as TOML: {error}") from error


def _rubric(told: dict[str, Any]) -> Rubric:
    return Rubric(
        str(told["version"]),
        told["valid_from"],
        tuple(told["levels"]),
        tuple(
            Criterion(one["measure"], one["title"], tuple(Step(at_least, points) for at_least, points in one["steps"]))
            for one in told["criterion"]
        ),
    )
