"""A check: one instance to verify, and how each of its properties is expected to end."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from mmcheck.core.types import Value
from mmcheck.source import Placed


class Expectation(Enum):
    HOLDS = "holds"
    VIOLATED = "violated"
    UNKNOWN = "unknown"


class Expected(Placed, frozen=True):
    """`steps` is the length of the shortest counterexample, where the check states it."""

    expectation: Expectation
    steps: int | None = None


HOLDS = Expected(Expectation.HOLDS)


class Check(Placed, frozen=True):
    """`set` names the constants and sorts that the check (or the command line) sets; once an instance is
    made, `constants` and `sizes` hold all values. `properties` are to be verified, in order."""

    name: str
    constants: Mapping[str, Value]
    sizes: Mapping[str, int]
    set: tuple[str, ...]
    properties: tuple[str, ...]
    expected: Mapping[str, Expected]
    doc: str = ""

    def expectation(self, property: str) -> Expected:
        """What the check expects of a property: that it holds, where nothing else is said."""
        return self.expected.get(property, HOLDS)
