"""Rules in dated versions (pure): the one in force on a day, or the one that is named."""

from dataclasses import dataclass
from datetime import date
from typing import Generic, Protocol, TypeVar

from simpul_shared.errors import Invalid


class RulesUnknown(Invalid):
    slug = "rules-unknown"
    title = "Versi aturan tidak dikenal"


class RulesBroken(ValueError):
    """Rules that cannot be used; says which and why."""


class Version(Protocol):
    @property
    def version(self) -> str: ...

    @property
    def valid_from(self) -> date: ...


V = TypeVar("V", bound=Version)


@dataclass(frozen=True)
class DatedRules(Generic[V]):
    """All versions, by first day. Errors: RulesBroken."""

    versions: tuple[V, ...]

    def __post_init__(self) -> None:
        names, days = ([one.version for one in self.versions], [one.valid_from for one in self.versions])
        if not names or len(set(names)) != len(names) or days != sorted(set(days)):
            raise RulesBroken(
                "Each version needs a name of its own, and they must stand in the order of their first days."
            )

    def effective(self, on: date) -> V:
        """The version in force on a day. Errors: RulesUnknown, before the first."""
        begun = [one for one in self.versions if one.valid_from <= on]
        if not begun:
            raise RulesUnknown(f"No rules are in force on {on}; the first hold from {self.versions[0].valid_from}.")
        return begun[-1]

    def named(self, version: str, *, field: str) -> V:
        """Errors: RulesUnknown."""
        for one in self.versions:
            if one.version == version:
                return one
        known = ", ".join(one.version for one in self.versions)
        raise RulesUnknown(f"There are no rules {version!r}. There are {known}.", field=field)
