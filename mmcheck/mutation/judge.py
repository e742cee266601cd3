"""What becomes of one mutant: the first check that notices it, or that it is equivalent, or that it survives.

The checks of a spec are asked in the order of what they cost, and the first that does not end as it expects
kills. A check is left out where the mutant makes no difference to it: where its constants rule out what was
changed, or where from every reachable state the same steps are taken (`engines.explicit.difference`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from math import inf
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from mmcheck import session
from mmcheck.core.check import Check, Expectation
from mmcheck.core.instance import Instance
from mmcheck.core.mutation import Fate, Kill, MutantOutcome
from mmcheck.core.outcome import CheckOutcome, Ending, PropertyOutcome, SpecOutcome
from mmcheck.core.system import Fairness, Liveness, Reachable, Scenario, Transition
from mmcheck.core.verdict import Proved, Unknown, Violated, Witness
from mmcheck.diagnostics import SpecError
from mmcheck.engines.engine import Observe
from mmcheck.mutation.mutants import Candidate
from mmcheck.session import Options, Spec, ignore

MOST_STATES = 2_000_000
"""A check with more states is not asked whether a mutant makes a difference to it."""


STUTTERING = "only steps that change nothing differ"


class Baseline(Struct, frozen=True):
    """How the spec itself ends: its checks by what they cost, and what is not known of it, by check and
    property, with the reason."""

    checks: tuple[str, ...]
    unknown: Mapping[tuple[str, str], str]

    @classmethod
    def of(cls, outcome: SpecOutcome) -> Baseline:
        # Seconds would tell the cost better, but who is the first to notice must not depend on the machine.
        by_cost = sorted(outcome.checks, key=lambda check: check.statistics.transitions)
        unknown = {
            (check.check.name, prop.prop.name): prop.verdict.reason
            for check in outcome.checks
            for prop in check.properties
            if isinstance(prop.verdict, Unknown)
        }
        return cls(tuple(check.check.name for check in by_cost), unknown)


class _Reachable(Struct):
    """The reachable states of a check as it is, found when first asked for."""

    instance: Instance
    states: Any = None
    searched: bool = False


class _Findings(Struct):
    """What is known of a mutant so far."""

    verified: list[str] = field(default_factory=list)
    undecided: str = ""
    unsure: str = ""
    """Why it is not known whether it makes a difference."""
    different: bool = False
    stuttering: bool = False
    """Whether it makes a difference to steps that change nothing."""
    fair: bool = False
    """Whether what it changes is fair, in a check that judges liveness."""


class Judge(Struct):
    """Judges the mutants of one spec."""

    spec: Spec
    baseline: Baseline
    options: Options
    observe: Observe = ignore
    last: CheckOutcome | None = None
    """The check that killed the last mutant."""
    originals: dict[str, _Reachable] = field(default_factory=dict)

    def judge(self, candidate: Candidate) -> MutantOutcome:
        """Ask one check after the other."""
        started = time.monotonic()
        self.last = None
        found = _Findings()
        try:
            spec = session.of_program(candidate.program, self.options.settings)
            kill = next(self._kills(spec, found, started), None)
        except Exception as error:
            if not isinstance(error, SpecError):
                error.add_note(f"met while verifying the mutant {candidate.mutant.id}")
                raise
            kill = Kill("", "", f"{error.diagnostics[0].code}: {error.diagnostics[0].message}")
        fate, reason = (Fate.KILLED, "") if kill else self._fate(found)
        seconds = time.monotonic() - started
        return MutantOutcome(candidate.mutant, fate, kill, reason, tuple(found.verified), seconds)

    def _fate(self, found: _Findings) -> tuple[Fate, str]:
        if found.undecided:
            return Fate.UNDECIDED, found.undecided
        if found.different:
            return (Fate.UNDECIDED, why) if (why := self._no_verdict(found)) else (Fate.SURVIVED, "")
        if found.unsure:
            return Fate.UNDECIDED, found.unsure
        return Fate.EQUIVALENT, STUTTERING if found.stuttering else ""

    def _no_verdict(self, found: _Findings) -> str:
        """Why nothing can be said: only liveness could notice it, and that has no verdict."""
        reasons = (
            f"{name} has no verdict: {reason}"
            for (check, name), reason in self.baseline.unknown.items()
            if check in found.verified
        )
        return next(reasons, "") if found.fair else ""

    def _kills(self, spec: Spec, found: _Findings, started: float) -> Iterator[Kill]:
        checks = {check.name: check for check in spec.checks}
        for name in self.baseline.checks:
            check, instance = session.instantiate(spec, checks[name])
            if not self._differs(name, check, instance, found):
                continue
            if (options := self._within(started)) is None:
                found.undecided = f"the time limit of {self.options.limits.timeout:g} s was reached"
                return
            outcome = session.verify_check(spec, checks[name], options, self.observe)
            if outcome.interrupted:
                raise KeyboardInterrupt
            found.verified.append(name)
            yield from self._noticed(outcome, found)

    def _within(self, started: float) -> Options | None:
        """The options for the next check, with the time that is left; None when it is over."""
        limits = self.options.limits
        if limits.timeout is None:
            return self.options
        left = limits.timeout - (time.monotonic() - started)
        return replace(self.options, limits=replace(limits, timeout=left)) if left > 0 else None

    def _noticed(self, outcome: CheckOutcome, found: _Findings) -> Iterator[Kill]:
        """The property that is the first to notice: the one with the shortest run, or else by declaration."""
        noticing = [prop for prop in outcome.properties if prop.ending is Ending.UNEXPECTED]
        if noticing:
            first = min(noticing, key=_length)
            self.last = outcome
            yield Kill(outcome.check.name, first.prop.name, _phrase(first))
        for prop in outcome.properties:
            if isinstance(prop.verdict, Unknown) and prop.ending is Ending.LIMIT:
                found.undecided = found.undecided or f"{prop.prop.name}: {prop.verdict.reason}"

    # --- difference --------------------------------------------------------------------------------------

    def _differs(self, name: str, check: Check, mutated: Instance, found: _Findings) -> bool:
        """Whether something in a check might notice the mutant."""
        original = self._original(name)
        before, after = original.instance.system.transitions, mutated.system.transitions
        pairs = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
        fair = _judges_liveness(check, mutated) and any(a.fairness is not Fairness.NONE for a, _ in pairs)
        found.fair |= fair
        changed = frozenset(a.name for a, b in pairs if _unfair(a) != _unfair(b))
        if not changed:
            found.different |= fair
            return fair
        # NumPy is loaded where it is used first: a mutant that the constants rule out needs none.
        from mmcheck.engines.explicit.difference import Difference, difference, reachable_states

        if not original.searched:
            most = self.options.limits.max_states or MOST_STATES
            original.states = reachable_states(original.instance, most)
            original.searched = True
        if original.states is None:
            found.unsure = f"check {name} has too many states to compare"
            return True
        match difference(original.states, original.instance, mutated, changed):
            case Difference.NONE:
                return False
            case Difference.STUTTERING:
                # Weak fairness asks that an action be taken or disabled again and again. Where it does
                # nothing else, a step that changes nothing is as good as being disabled; strong
                # fairness asks for more.
                found.stuttering = True
                found.different |= fair and any(a.fairness is Fairness.STRONG for a, _ in pairs)
            case Difference.BESIDE:
                found.stuttering = True
                found.different |= fair
            case Difference.STEPS:
                found.different = True
        return True

    def _original(self, name: str) -> _Reachable:
        if name not in self.originals:
            check = next(c for c in self.spec.checks if c.name == name)
            self.originals[name] = _Reachable(session.instantiate(self.spec, check)[1])
        return self.originals[name]


def _unfair(transition: Transition) -> Transition:
    return replace(transition, fairness=Fairness.NONE)


def _judges_liveness(check: Check, instance: Instance) -> bool:
    return any(isinstance(p, Liveness) and p.name in check.properties for p in instance.system.properties)


def _length(outcome: PropertyOutcome) -> float:
    """The length of the counterexample or the witness; endless where there is none."""
    match outcome.verdict:
        case Proved(Witness() as witness):
            return witness.length
        case Violated(trace) if trace is not None:
            return trace.length
        case _:
            return inf


def _phrase(outcome: PropertyOutcome) -> str:
    """What came out instead of what the check expects."""
    match outcome.prop, outcome.verdict:
        case _, Unknown(reason):
            return f"unknown: {reason}"
        case Scenario(), verdict:
            return "works" if isinstance(verdict, Proved) else "does not work"
        case Reachable(), verdict:
            return "reached" if isinstance(verdict, Proved) else "not reached"
        case _, Violated(trace):
            known = outcome.expected.expectation is Expectation.VIOLATED
            instead = f" instead of {outcome.expected.steps}" if known else ""
            steps = "" if trace is None else f" in {trace.length} step{'s' * (trace.length != 1)}"
            return f"violated{steps}{instead}"
        case _:
            return "holds"
