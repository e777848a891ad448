"""How ready a library's ICT is, in points and a level from 0 to 4 (pure). The rubric is data, in dated versions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from simpul_registry.domain.dated_rules import DatedRules, RulesBroken
from simpul_registry.domain.ict import MEASURES

LEVELS = 4


@dataclass(frozen=True)
class Step:
    at_least: float
    points: int


@dataclass(frozen=True)
class Criterion:
    """The points of the highest step that the measure reaches; none where it was not observed. Errors: RulesBroken."""

    measure: str
    title: str
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise RulesBroken(f"{self.measure} is no measure; there are {', '.join(sorted(MEASURES))}.")
        rising = all(
            one.at_least < two.at_least and one.points < two.points
            for one, two in zip(self.steps, self.steps[1:], strict=False)
        )
        if not self.steps or not rising:
            raise RulesBroken(f"The steps of {self.measure} must rise, in what they ask for and in points.")

    @property
    def most(self) -> int:
        return self.steps[-1].points

    def points(self, value: float | None) -> int:
        reached = [step.points for step in self.steps if value is not None and value >= step.at_least]
        return max(reached, default=0)


@dataclass(frozen=True)
class Rubric:
    """`levels` are the points from which level 1, 2, 3 and 4 begin. Errors: RulesBroken."""

    version: str
    valid_from: date
    levels: tuple[int, ...]
    criteria: tuple[Criterion, ...]

    def __post_init__(self) -> None:
        if len(self.levels) != LEVELS or list(self.levels) != sorted(set(self.levels)) or self.levels[0] < 1:
            raise RulesBroken(
                f"Version {self.version} needs {LEVELS} levels, each from more points than the one before."
            )
        if self.levels[-1] > self.most:
            raise RulesBroken(
                f"Version {self.version} gives {self.most} points at most; its last level is out of reach."
            )
        if len({criterion.measure for criterion in self.criteria}) != len(self.criteria):
            raise RulesBroken(f"Version {self.version} counts a measure twice.")

    @property
    def most(self) -> int:
        return sum(criterion.most for criterion in self.criteria)


@dataclass(frozen=True)
class Award:
    """What one criterion gave, and for which value; None where that was not observed."""

    criterion: Criterion
    value: float | None
    points: int


@dataclass(frozen=True)
class Score:
    rubric: Rubric
    awards: tuple[Award, ...]

    @property
    def points(self) -> int:
        return sum(award.points for award in self.awards)

    @property
    def level(self) -> int:
        return sum(self.points >= needed for needed in self.rubric.levels)


def score(rubric: Rubric, measures: Mapping[str, float | None]) -> Score:
    return Score(
        rubric,
        tuple(Award(one, measures[one.measure], one.points(measures[one.measure])) for one in rubric.criteria),
    )


Rubrics = DatedRules[Rubric]
