"""What makes a good verdict suspicious: the warnings that come with it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from mmcheck.core.check import Check
from mmcheck.core.coverage import BranchCoverage, Coverage, Side, never_taken
from mmcheck.core.instance import Instance
from mmcheck.core.outcome import CheckOutcome
from mmcheck.core.system import Liveness, Transition
from mmcheck.core.verdict import EverySize, Exhaustive, Inductive, Proved, Verdict, Violated
from mmcheck.diagnostics import Diagnostic
from mmcheck.engines.engine import Answer, Limits, Observe
from mmcheck.engines.firing import never_steps


def never_moving(
    instance: Instance, check: Check, answer: Answer, limits: Limits, observe: Observe
) -> Iterator[Diagnostic]:
    """That nothing ever happens, where a proof by induction would hide it: no state was visited for that."""
    fired = answer.statistics.fired
    if any(fired.values()) or answer.statistics.complete or answer.interrupted:
        return
    if any(map(_is_by_induction, answer.verdicts.values())) and never_steps(instance, limits, observe):
        for transition in instance.system.transitions:
            yield from _never_fired(transition, check)


def _is_by_induction(verdict: Verdict) -> bool:
    match verdict:
        case Proved(Inductive() | EverySize()) | Violated(evidence=Inductive()):
            return True
        case _:
            return False


def _never_fired(transition: Transition, check: Check) -> Iterator[Diagnostic]:
    if not transition.impossible:
        yield Diagnostic(
            "W600",
            f"`{transition.name}` never fired in check `{check.name}`",
            transition.span,
            "look at its `require`s: what it models is not a part of what was verified",
        )


def suspicions(instance: Instance, check: Check, answer: Answer) -> Iterator[Diagnostic]:
    """What makes a good verdict suspicious. Where there is no state at all, nothing can be said."""
    if not answer.statistics.states:
        return
    if answer.statistics.complete:
        for transition in instance.system.transitions:
            if not answer.statistics.fired.get(transition.name):
                yield from _never_fired(transition, check)
    spans = {prop.name: prop.span for prop in instance.system.properties}
    for name, premises in answer.unmet_premises.items():
        for premise in premises:
            yield Diagnostic(
                "W601",
                f"in check `{check.name}`, `{name}` says nothing where `{premise}`, which is never true",
                spans.get(name),
                "add a `reachable` property for the premise, and find out what keeps it from being true",
            )
    for assumption in instance.system.assumptions:
        if assumption.name in answer.idle_assumptions:
            yield Diagnostic(
                "W602",
                f"the assumption `{assumption.name}` excludes no state in check `{check.name}`",
                assumption.span,
                "make it an `invariant`: it holds",
            )
    yield from _cut_off(instance, check, answer)


def _cut_off(instance: Instance, check: Check, answer: Answer) -> Iterator[Diagnostic]:
    """Liveness under an assumption: what breaks the assumption later on is not judged, and a run that has no
    other way to be fair says nothing."""
    excluding = [a for a in instance.system.assumptions if a.name not in answer.idle_assumptions]
    for prop in instance.system.properties:
        verdict = answer.verdicts.get(prop.name)
        if not (isinstance(prop, Liveness) and excluding and isinstance(verdict, Proved)):
            continue
        if isinstance(verdict.evidence, Exhaustive):
            names = " and ".join(f"`{a.name}`" for a in excluding)
            lost, states = verdict.evidence.without_fair_run, verdict.evidence.states
            if lost == states:
                how = f"every fair run breaks {names} in the end, so it says nothing"
            elif lost:
                how = f"from {lost:,} of {states:,} states every fair run breaks {names} in the end"
            else:
                how = f"runs that break {names} are not judged"
            yield Diagnostic(
                "W605",
                f"in check `{check.name}`, `{prop.name}` holds under assumption: {how}",
                prop.span,
                "look for what goes on behind the assumption, or forbid it by a `require` instead",
            )


def with_branches_never_taken(outcomes: list[CheckOutcome]) -> list[CheckOutcome]:
    """The outcomes of a spec, with a warning for each branch that none of its checks took. A check may well
    be too narrow for a branch, so one alone says nothing: the warning stands with the first that could have
    taken it. There is none where the constants of another check leave only one of the ways."""
    measured = [check.coverage for check in outcomes if check.coverage is not None]
    for branch in never_taken(measured):
        if any(_is_settled(check.coverage, branch) for check in outcomes):
            continue
        first = next(i for i, check in enumerate(outcomes) if _could_take(check.coverage, branch))
        warnings = (*outcomes[first].warnings, _never_taken(branch))
        outcomes[first] = replace(outcomes[first], warnings=warnings)
    return outcomes


def _could_take(coverage: Coverage | None, branch: BranchCoverage) -> bool:
    """Whether a check fired the transition and left the branch to be decided by the state."""
    if coverage is None or not coverage.fired(branch.transition):
        return False
    return any(b.branch == branch.branch for b in coverage.branches)


def _is_settled(coverage: Coverage | None, branch: BranchCoverage) -> bool:
    """Whether a check fired the transition, and its constants decided which way to go."""
    if coverage is None or not coverage.fired(branch.transition):
        return False
    sides = {b.branch.side for b in coverage.branches if b.branch.span == branch.branch.span}
    return sides != {Side.BODY} and len(sides) < 2


def _never_taken(branch: BranchCoverage) -> Diagnostic:
    side = "`else`" if branch.branch.side is Side.ELSE else "first branch"
    return Diagnostic(
        "W603",
        f"no step of `{branch.transition}` takes the {side} of this `if`, in any check of the spec",
        branch.branch.span,
        "look at the condition, and at the `require`s around it and in it: what the branch models is not a "
        "part of what was verified",
    )
