"""What became of a spec's mutants, as data: which of them some property noticed, and which nobody did."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct

from mmcheck.core.outcome import CheckOutcome
from mmcheck.diagnostics import Diagnostic
from mmcheck.source import Span


class Weakening(Enum):
    """What a mutant lacks of the design."""

    GUARD = "guard"
    ASSIGNMENT = "assignment"
    JUMP = "jump"
    BRANCH = "branch"
    STEP = "step"
    FAIRNESS = "fairness"


class Mutant(Struct, frozen=True):
    """One change to the design. `id` is made of the place; `within` is the transition, step or def that is
    changed, `change` a clause that says how."""

    id: str
    weakening: Weakening
    span: Span
    within: str
    change: str


class Fate(Enum):
    """What became of a mutant. An excused one survived, and a comment in the source says why."""

    KILLED = "killed"
    SURVIVED = "survived"
    EXCUSED = "excused"
    EQUIVALENT = "equivalent"
    UNDECIDED = "undecided"


class Kill(Struct, frozen=True):
    """Who noticed a mutant first. Without a property it is an error: the mutant cannot be verified at all,
    which no property need notice. `found` is a phrase for what is not as expected."""

    check: str
    property: str
    found: str


class MutantOutcome(Struct, frozen=True):
    """`reason` says why it is undecided, or is the excuse; `verified` are the checks that were run on it,
    those in which it makes no difference left out."""

    mutant: Mutant
    fate: Fate
    kill: Kill | None = None
    reason: str = ""
    verified: tuple[str, ...] = ()
    seconds: float = 0.0


class MutationOutcome(Struct, frozen=True):
    """The mutants of a spec, in the order of the text, with the outcomes of those that were looked at.

    `diagnostics` are errors of the spec itself, `warnings` are about its excuses. `shown` is the check that
    killed, where one mutant alone was asked for."""

    file: str
    name: str
    mutants: tuple[Mutant, ...] = ()
    outcomes: tuple[MutantOutcome, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    interrupted: bool = False
    shown: CheckOutcome | None = None

    def of(self, fate: Fate) -> tuple[MutantOutcome, ...]:
        """The mutants that this became of."""
        return tuple(outcome for outcome in self.outcomes if outcome.fate is fate)

    @property
    def counts(self) -> Mapping[Fate, int]:
        return {fate: len(self.of(fate)) for fate in Fate}
