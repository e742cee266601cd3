"""The words for verdicts: what came out, and what was expected instead."""

from __future__ import annotations

from typing import assert_never

from mmcheck.core.check import Expectation, Expected
from mmcheck.core.outcome import Ending, PropertyOutcome, SpecOutcome
from mmcheck.core.system import (
    DeadlockFree,
    Invariant,
    Liveness,
    NoModelError,
    Property,
    Reachable,
    Scenario,
    StepInvariant,
)
from mmcheck.core.trace import FailedStep, Failure, Trace
from mmcheck.core.types import show_value
from mmcheck.core.verdict import (
    Binding,
    EverySize,
    Evidence,
    Exhaustive,
    FixedSort,
    Inductive,
    Proved,
    Unknown,
    Violated,
    Witness,
)
from mmcheck.report.quantity import count


def kind(prop: Property) -> str:
    """What the language calls a property of this kind."""
    match prop:
        case Invariant():
            return "invariant"
        case StepInvariant():
            return "step invariant"
        case Reachable():
            return "reachable"
        case DeadlockFree():
            return "deadlock free"
        case NoModelError():
            return "no model error"
        case Liveness():
            return "liveness"
        case Scenario():
            return "scenario"
        case _:
            assert_never(prop)


def verdict_phrase(outcome: PropertyOutcome) -> str:
    """The verdict with its evidence: `violated in 5 steps, as expected`."""
    match outcome.verdict:
        case Proved(evidence):
            phrase = _proved(outcome.prop, evidence)
        case Violated():
            phrase = _violated(outcome, outcome.verdict)
        case Unknown(reason):
            phrase = f"unknown: {reason}"
        case _:
            assert_never(outcome.verdict)
    if outcome.engine:
        phrase += f", by {outcome.engine}"
    if outcome.assumptions:
        phrase += f", under assumption {', '.join(outcome.assumptions)}"
    stated = outcome.expected.expectation is not Expectation.HOLDS
    return f"{phrase}, as expected" if stated and outcome.ending is Ending.AS_EXPECTED else phrase


def expectation(outcome: PropertyOutcome) -> str:
    """What had been expected instead, and nothing where the verdict is as expected or only a limit came
    first."""
    if outcome.ending is not Ending.UNEXPECTED:
        return ""
    return f"UNEXPECTED: expected {_expected(outcome.prop, outcome.expected)}"


def claim(outcome: PropertyOutcome) -> str:
    """The title of a trace: what it shows."""
    name = outcome.prop.name
    match outcome.prop, outcome.verdict:
        case NoModelError(), Violated():
            return "model error"
        case DeadlockFree(), Violated():
            return "deadlock"
        case _, Violated():
            return f"counterexample to {name}"
        case Scenario(), _:
            return f"scenario {name} works"
        case _:
            return f"{name} is reached"


def show_binding(binding: Binding) -> str:
    """` for p = Page#0, t = Task#1`; nothing for no names."""
    bound = ", ".join(f"{name} = {show_value(value)}" for name, value in binding)
    return f" for {bound}" if bound else ""


def _proved(prop: Property, evidence: Evidence) -> str:
    match evidence:
        case Exhaustive(states, _, depth):
            fairly = f" given {_fairness(evidence.fairness)}" if isinstance(prop, Liveness) else ""
            return f"proved{fairly}, {count(states, 'state')}, depth {depth:,}"
        case Witness(traces):
            verb = "works" if isinstance(prop, Scenario) else "reached"
            several = f", {count(len(traces), 'instance')}" if len(traces) > 1 else ""
            return f"{verb} in {count(evidence.length, 'step')}{several}"
        case Inductive():
            return _inductively(evidence)
        case EverySize():
            return _for_every_size(prop, evidence)


def _inductively(evidence: Inductive) -> str:
    """`proved by induction, 3 lemmas`; an invariant of the spec that helped is named."""
    phrase = "proved by induction" if evidence.depth == 1 else f"proved by {evidence.depth}-induction"
    return phrase + _with_lemmas(evidence.texts)


def limited(fixed: tuple[FixedSort, ...]) -> str:
    """`, but for Task = 2 (its elements are counted)`: the sorts that a proof for every size has at one."""
    if not fixed:
        return ""
    kept = " and ".join(f"{sort.sort} = {sort.size}" for sort in fixed)
    return f", but for {kept} ({fixed[0].reason})"


def _for_every_size(prop: Property, evidence: EverySize) -> str:
    """`proved for every size of Task, Page, 3 lemmas`."""
    phrase = (
        f"proved for every size of {', '.join(evidence.sorts)}" if evidence.sorts else "proved by induction"
    )
    others = tuple(text for text in evidence.texts if text != prop.name)
    return phrase + limited(evidence.fixed) + _with_lemmas(others)


def _with_lemmas(texts: tuple[str, ...]) -> str:
    named = [text for text in texts if text.isidentifier()]
    found = len(texts) - len(named)
    phrase = f", {count(found, 'lemma')}" if found else ""
    return phrase + (f", with {' and '.join(named)}" if named else "")


def _fairness(demands: tuple[str, ...]) -> str:
    return ", ".join(demands) if demands else "no fairness"


def _violated(outcome: PropertyOutcome, verdict: Violated) -> str:
    if verdict.trace is None:
        return _not_found(outcome, verdict)
    steps = f"in {count(verdict.trace.length, 'step')}"
    match outcome.prop, verdict.trace.end:
        case DeadlockFree(), _:
            return f"deadlock {steps}"
        case NoModelError(), FailedStep(failure=Failure(kind=what)) | Failure(kind=what):
            return f"{what} {steps}"
        case Liveness(), None:
            return f"violated by a run for ever, {_lasso(verdict.trace)}"
        case _:
            return f"violated {steps}"


def _lasso(trace: Trace) -> str:
    """How long the beginning and the loop of a run are."""
    first = trace.loop or 0
    if first == len(trace.steps):
        return f"still after {count(first, 'step')}"
    return f"{count(first, 'step')} and then a loop of {len(trace.steps) - first:,}"


def _not_found(outcome: PropertyOutcome, verdict: Violated) -> str:
    """What was looked for in vain; shouted, unless that was expected."""
    match outcome.prop:
        case Reachable():
            phrase = "not reached"
        case Scenario():
            phrase = "does not work"
        case _:
            phrase = "violated"
    if outcome.ending is Ending.UNEXPECTED:
        phrase = phrase.upper()
    phrase += show_binding(verdict.binding)
    if isinstance(verdict.evidence, Inductive):
        phrase += f", {_inductively(verdict.evidence)}"
    elif verdict.evidence:
        phrase += f" in {count(verdict.evidence.states, 'state')}"
    obvious = isinstance(outcome.prop, Reachable) or not verdict.reason
    return phrase if obvious else f"{phrase}: {verdict.reason}"


def _expected(prop: Property, expected: Expected) -> str:
    match expected.expectation:
        case Expectation.HOLDS:
            return {"reachable": "to be reached", "scenario": "to work"}.get(kind(prop), "to hold")
        case Expectation.VIOLATED:
            wanted = {"reachable": "not to be reached", "scenario": "not to work"}.get(kind(prop), "violated")
            return f"{wanted} in {count(expected.steps, 'step')}" if expected.steps is not None else wanted
        case Expectation.UNKNOWN:
            return "unknown"


def memory(outcome: SpecOutcome) -> str:
    """That nothing was verified now, if so, and since when the verdicts stand."""
    if not outcome.remembered:
        return ""
    when = outcome.remembered[:16].replace("T", " ")
    return f"remembered: verified on {when}, and nothing that the verdicts depend on has changed"
