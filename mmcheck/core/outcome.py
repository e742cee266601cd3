"""What came out of a run, as data: properties in checks, checks in specs, specs in a run."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct

from mmcheck.core.blame import Blame
from mmcheck.core.check import Check, Expectation, Expected
from mmcheck.core.coverage import Coverage
from mmcheck.core.induction import InductionOutcome
from mmcheck.core.instance import Instance
from mmcheck.core.lasso import Account
from mmcheck.core.stategraph import StateGraph
from mmcheck.core.system import Property
from mmcheck.core.verdict import Proved, Unknown, Verdict, Violated
from mmcheck.diagnostics import Diagnostic


class Statistics(Struct, frozen=True):
    """What an engine did. `complete` is true when every reachable state was visited; `fired` says how often
    each transition was taken, by name."""

    engine: str
    states: int
    transitions: int
    depth: int
    seconds: float
    memory: int
    """Peak resident bytes of the process."""
    complete: bool
    fired: Mapping[str, int]
    symmetry: tuple[str, ...] = ()
    """The sorts up to whose permutations states are counted."""
    not_permuted: tuple[str, ...] = ()
    """The sorts whose permutations are too many for that."""
    bytes_per_state: int = 0
    """The most memory that a state takes, known before the search; 0 where the engine does not know."""


class Ending(Enum):
    """How a property, a check, a spec or a run ended, from best to worst."""

    AS_EXPECTED = 0
    LIMIT = 3
    UNEXPECTED = 1
    BAD_INPUT = 2


SEVERITY = (Ending.AS_EXPECTED, Ending.LIMIT, Ending.UNEXPECTED, Ending.BAD_INPUT)


def worst(endings: list[Ending]) -> Ending:
    """The worst of some endings; as expected when there are none."""
    return max(endings, key=SEVERITY.index, default=Ending.AS_EXPECTED)


class PropertyOutcome(Struct, frozen=True):
    """A verdict beside what was expected. `assumptions` are the names under which it was reached; `blame`
    explains a violation in the last state of its trace; `account` says why a run that never ends is fair;
    `note` is one more sentence about the verdict."""

    prop: Property
    verdict: Verdict
    expected: Expected
    assumptions: tuple[str, ...] = ()
    blame: Blame | None = None
    note: str = ""
    account: Account | None = None
    engine: str = ""
    """The engine that decided it, where that is another one than the statistics of the check are of."""

    @property
    def ending(self) -> Ending:
        """A verdict that is unknown is a limit, unless no engine could decide it and that was expected. In
        every other case the kind of verdict must be the expected one, and so must the length of the
        counterexample where it is stated."""
        match self.verdict:
            case Unknown(_, limit):
                expected = self.expected.expectation is Expectation.UNKNOWN and not limit
                return Ending.AS_EXPECTED if expected else Ending.LIMIT
            case Proved():
                expected = self.expected.expectation is Expectation.HOLDS
            case Violated(trace):
                steps = self.expected.steps
                expected = self.expected.expectation is Expectation.VIOLATED and (
                    steps is None or (trace is not None and trace.length == steps)
                )
        return Ending.AS_EXPECTED if expected else Ending.UNEXPECTED


class CheckOutcome(Struct, frozen=True):
    check: Check
    instance: Instance
    properties: tuple[PropertyOutcome, ...]
    statistics: Statistics
    warnings: tuple[Diagnostic, ...] = ()
    interrupted: bool = False
    coverage: Coverage | None = None
    """None where nothing was searched, or by an engine that takes no steps."""
    induction: tuple[InductionOutcome, ...] = ()
    """What induction says about each invariant, where that was asked for."""
    files: tuple[tuple[str, str], ...] = ()
    """The paths of all files that it rests on, each with the hash of what was read there."""
    graph: StateGraph | None = None
    """The states and the steps between them, where that was asked for and they are few."""

    @property
    def ending(self) -> Ending:
        return worst([outcome.ending for outcome in self.properties])


class SpecOutcome(Struct, frozen=True):
    """`file` is the path as the user gave it. A spec with errors has diagnostics, and perhaps checks that
    could be judged all the same."""

    file: str
    name: str
    checks: tuple[CheckOutcome, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    doc: str = ""
    remembered: str = ""
    """When it was verified, if nothing was verified now, since an earlier run had the same question."""

    @property
    def ending(self) -> Ending:
        own = [Ending.BAD_INPUT] if self.diagnostics else []
        return worst(own + [check.ending for check in self.checks])
