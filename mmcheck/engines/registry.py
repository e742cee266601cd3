"""The engines by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from types import MappingProxyType
from typing import Protocol

from mmcheck.core.certify import Reprove
from mmcheck.core.check import Check
from mmcheck.core.induction import Examination, InductionOutcome
from mmcheck.core.instance import Instance
from mmcheck.core.stategraph import StateGraph, StateKey
from mmcheck.core.system import Invariant, Property, StepInvariant
from mmcheck.core.verdict import Binding, EverySize, Inductive, Proved, Verdict
from mmcheck.engines.engine import ORDINARY, Engine, Limits, Observe, Preferences
from mmcheck.engines.limits import ANY_TIME, TimeLeft, Watch, available_cores


class Maker(Protocol):
    """Makes an engine."""

    def __call__(self, preferences: Preferences = ...) -> Engine: ...


def _explicit(preferences: Preferences = ORDINARY) -> Engine:
    # NumPy is loaded where the engine is used, so that commands that need none start fast.
    from mmcheck.engines.explicit.engine import ExplicitEngine
    from mmcheck.engines.explicit.search import Tuning

    return ExplicitEngine(
        Tuning(
            threads=preferences.threads,
            symmetry=preferences.symmetry,
            spill=preferences.spill,
            checkpoint=preferences.checkpoint,
            stop_at=preferences.stop_at,
        )
    )


def _reference(preferences: Preferences = ORDINARY) -> Engine:
    from mmcheck.engines.reference.search import ReferenceEngine

    # It has no preferences: it is what those who have are compared with.
    return ReferenceEngine()


def _bmc(preferences: Preferences = ORDINARY) -> Engine:
    # z3 is loaded where the engine is used.
    from mmcheck.engines.symbolic.bmc import BmcEngine

    return BmcEngine(preferences.symmetry)


def _kinduction(preferences: Preferences = ORDINARY) -> Engine:
    from mmcheck.engines.symbolic.kinduction import KInductionEngine

    return KInductionEngine()


def _ic3(preferences: Preferences = ORDINARY) -> Engine:
    # z3 is loaded where the engine is used.
    from mmcheck.engines.symbolic.ic3.engine import Ic3Engine

    return Ic3Engine()


def _parametric(preferences: Preferences = ORDINARY) -> Engine:
    # z3 is loaded where the engine is used.
    from mmcheck.engines.parametric.engine import ParametricEngine

    return ParametricEngine()


def _only_for_every_size() -> Engine:
    """What is not proved for every size is left to others."""
    from mmcheck.engines.parametric.engine import ParametricEngine

    return ParametricEngine(rest=False)


def _reproof_of(
    instance: Instance, properties: tuple[str, ...], verdicts: Mapping[str, Verdict], time: TimeLeft
) -> Reprove:
    """The same, where the helper's process can import it."""
    return reproof(instance, properties, verdicts, time)


def _auto(preferences: Preferences = ORDINARY) -> Engine:
    from mmcheck.engines.portfolio.engine import Portfolio
    from mmcheck.engines.portfolio.work import Turn

    # Lemmas for every size come from the smallest instances, so that they are mostly found first. For what
    # is left, ic3 takes no longer for what is inductive than kinduction does. Where it is not soon through,
    # the invariants that a spec declares may be the help that it lacks.
    proofs = (Turn(_ic3, seconds=8.0), Turn(_kinduction, max_depth=1, seconds=8.0), Turn(_ic3))
    soon = () if preferences.every_size else (Turn(_only_for_every_size, seconds=10.0),)
    return Portfolio(
        search=_explicit(preferences),
        lanes=((*soon, *proofs), (Turn(_bmc, max_depth=100),)),
        stronger=Turn(_only_for_every_size, again=True) if preferences.every_size else None,
        reproof=_reproof_of,
        helpers=ordinary_helpers() if preferences.helpers is None else preferences.helpers,
        head_start=preferences.head_start,
        stop_at=preferences.stop_at,
        places=preferences.places,
    )


def ordinary_helpers() -> int:
    """How many helpers there are when nobody says: two are busy at least, the search being one of them."""
    return max(1, min(2, available_cores() - 1))


ENGINES: Mapping[str, Maker] = {
    "auto": _auto,
    "explicit": _explicit,
    "reference": _reference,
    "bmc": _bmc,
    "kinduction": _kinduction,
    "ic3": _ic3,
    "parametric": _parametric,
}
"""How to make each engine."""

EXHAUSTIVE = ("explicit", "reference")
"""The engines that visit every state, so that they decide every property unless a limit comes first."""

SEARCHING = ("auto", *EXHAUSTIVE)
"""The engines that begin with a search, in the process that they are called in and without a solver."""


SYMBOLIC = ("bmc", "kinduction", "ic3", "parametric")
"""The engines that take all initial states at once, however many there are."""

PROVING = ("kinduction", "ic3", "parametric")
"""The engines whose proofs are proved again by a solver, which takes time."""


def reproof(
    instance: Instance,
    properties: tuple[str, ...],
    verdicts: Mapping[str, Verdict] = MappingProxyType({}),
    time: TimeLeft = ANY_TIME,
) -> Reprove:
    """What proves by induction again what an engine proved about an instance, `properties` being those that
    were judged together, in the time that is left. With all the verdicts at hand, what their proofs have in
    common is proved once."""

    @cache
    def of_this_size() -> Callable[[Property, Binding, Inductive], None]:
        from mmcheck.engines.symbolic.certificate import Claim, Prover

        claims = [
            Claim(prop, (), verdict.evidence)
            for prop in instance.system.properties
            if isinstance(verdict := verdicts.get(prop.name), Proved)
            and isinstance(verdict.evidence, Inductive)
        ]
        return Prover(instance, properties, claims, time).prove

    @cache
    def of_every_size() -> Callable[[Property, EverySize], None]:
        from mmcheck.engines.parametric.certificate import Prover

        return Prover(instance.system, properties, time).prove

    def prove(prop: Property, binding: Binding, evidence: Inductive | EverySize) -> None:
        if isinstance(evidence, EverySize):
            of_every_size()(prop, evidence)
        else:
            of_this_size()(prop, binding, evidence)

    return prove


def examine(instance: Instance, limits: Limits, observe: Observe) -> tuple[InductionOutcome, ...]:
    """What induction says about each invariant of an instance; as far as it came before a limit."""
    from mmcheck.engines.symbolic.induction import Examiner
    from mmcheck.engines.symbolic.solver import Conduct, LimitError

    found: list[InductionOutcome] = []
    with suppress(LimitError):
        found.extend(Examiner(instance, Conduct("induction", Watch(limits), observe)).outcomes())
    return tuple(found)


def draw(
    instance: Instance,
    check: Check,
    keys: Sequence[StateKey],
    collapsed: bool,
    most: int,
    limits: Limits,
    observe: Observe,
) -> StateGraph:
    """The state graph of an instance by some keys. Raises TooManyClassesError when there are too many."""
    # NumPy is loaded where it is needed, so that commands that do without start fast.
    from mmcheck.engines.explicit.quotient import quotient

    return quotient(instance, check, keys, collapsed, most, limits, observe)


def examine_every_size(
    instance: Instance, properties: tuple[str, ...], limits: Limits, observe: Observe
) -> Examination:
    """What induction says about each invariant for every size; as far as it came before a limit."""
    from mmcheck.engines.parametric.engine import diagnostics
    from mmcheck.engines.parametric.examine import Examiner
    from mmcheck.engines.parametric.values import OutsideError
    from mmcheck.engines.symbolic.solver import Conduct, LimitError

    chosen = tuple(p for p in instance.system.properties if p.name in properties)
    found: list[InductionOutcome] = []
    examiner, stopped = Examiner(instance, chosen, Conduct("prove", Watch(limits), observe)), ""
    try:
        found.extend(examiner.outcomes())
        if not examiner.begins():
            stopped = "no initial state was found, and where there is none, every invariant is inductive"
    except LimitError as limit:
        stopped = str(limit)
    except OutsideError as error:
        return Examination(tuple(found), outside=diagnostics(error))
    lifting = examiner.lifting
    if lifting is None:
        return Examination((), stopped)
    invariants = {p.name for p in chosen if isinstance(p, Invariant | StepInvariant)}
    errors = (error for name, error in lifting.outside if name in invariants)
    outside = tuple(found for error in errors for found in diagnostics(error))
    return Examination(tuple(found), stopped, outside, lifting.lifted.vocabulary.sorts, lifting.fixed)


DEFAULT = "auto"

NAMES = tuple(ENGINES)
