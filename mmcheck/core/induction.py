"""What induction says about invariants one by one, for a person who looks for inductive ones."""

from __future__ import annotations

from msgspec import Struct

from mmcheck.core.blame import Blame
from mmcheck.core.instance import Instance
from mmcheck.core.system import Invariant, StepInvariant
from mmcheck.core.trace import Trace
from mmcheck.core.verdict import Binding, FixedSort
from mmcheck.diagnostics import Diagnostic


class Cti(Struct, frozen=True):
    """A counterexample to induction: an initial state in which the invariant is false, or a step that breaks
    it from a state in which all invariants are true. The first state of the trace need not be reachable."""

    binding: Binding
    trace: Trace
    blame: Blame | None = None
    instance: Instance | None = None
    """Where it lives, if not in the instance of the check."""


class Consecution(Struct, frozen=True):
    """Whether the steps of a transition keep an invariant: `cti` is one that does not. Where the solver gave
    up, nobody knows."""

    transition: str
    cti: Cti | None = None
    gave_up: bool = False


class InductionOutcome(Struct, frozen=True):
    """One invariant: `initiation` is an initial state in which it is false. For a step invariant there is no
    initiation, and consecution means that the steps satisfy it."""

    prop: Invariant | StepInvariant
    initiation: Cti | None
    consecutions: tuple[Consecution, ...]

    @property
    def breaking(self) -> tuple[Consecution, ...]:
        """The transitions that break it."""
        return tuple(c for c in self.consecutions if c.cti is not None)

    @property
    def holds(self) -> bool | None:
        """Whether it is true at first and every step keeps it; None where the solver gave up."""
        if self.initiation is not None or self.breaking:
            return False
        return None if any(c.gave_up for c in self.consecutions) else True


class Examination(Struct, frozen=True):
    """What induction says about the invariants of a system for every size of `sorts`, while others are
    `fixed`: as far as a limit let it come, and but for what is outside of what can be said."""

    outcomes: tuple[InductionOutcome, ...]
    stopped: str = ""
    outside: tuple[Diagnostic, ...] = ()
    sorts: tuple[str, ...] = ()
    fixed: tuple[FixedSort, ...] = ()
