"""Puts a planted bug in the place of the function it replaces, before the process's main runs."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fault import mutants
from tests.fault.hunt.findings import Kind

_MACHINERY = {"__main__", "planting"}


class MutantUnknown(Exception):
    """There is no module of that name."""


class TargetGone(Exception):
    """The function that a mutant replaces is not there any more, or takes other parameters."""


@dataclass(frozen=True)
class Mutant:
    """One bug. `target` is 'module:qualified name'; `shows` are the findings by which it must be caught.

    A mutant that is found by anything else has gone stale: it no longer plants the bug it is named after.
    """

    name: str
    target: str
    replacement: Callable[..., Any]
    shows: frozenset[Kind]
    bug: str

    def place(self) -> tuple[Any, str, Callable[..., Any]]:
        """The owner of the target, its name there, and the shipped function. Errors: TargetGone."""
        module, _, path = self.target.partition(":")
        *owners, name = path.split(".")
        try:
            owner: Any = importlib.import_module(module)
            for step in owners:
                owner = getattr(owner, step)
            shipped = vars(owner)[name]
        except (ImportError, AttributeError, KeyError) as error:
            raise TargetGone(f"{self.name} replaces {self.target}, which is not there any more: {error!r}") from error
        return owner, name, shipped

    def plant(self) -> None:
        """Errors: TargetGone."""
        owner, name, shipped = self.place()
        if shape_of(shipped) != shape_of(self.replacement):
            raise TargetGone(
                f"{self.target} is {shape_of(shipped)} now, but {self.name} replaces it by {shape_of(self.replacement)}"
            )
        setattr(owner, name, self.replacement)


def shape_of(function: Callable[..., Any]) -> str:
    """Parameters without their types, and whether it is a coroutine."""
    parameters = inspect.signature(function).parameters.values()
    told = inspect.Signature([one.replace(annotation=inspect.Parameter.empty) for one in parameters])
    return f"{'async ' if inspect.iscoroutinefunction(function) else ''}{told}"


def names() -> list[str]:
    """All planted bugs, as the loader takes them: with hyphens."""
    return sorted(
        one.name.replace("_", "-") for one in pkgutil.iter_modules(mutants.__path__) if one.name not in _MACHINERY
    )


def find(name: str) -> Mutant:
    """Errors: MutantUnknown."""
    if name not in names():
        raise MutantUnknown(f"There is no mutant {name!r}. Name one of {', '.join(names())}.")
    module = importlib.import_module(f"{mutants.__name__}.{name.replace('-', '_')}")
    return Mutant(
        name, module.TARGET, module.replacement, frozenset(module.SHOWS), inspect.cleandoc(module.__doc__ or "")
    )
