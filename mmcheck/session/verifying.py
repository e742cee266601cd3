"""parse -> elaborate -> instantiate -> an engine -> certify, for every check of a spec."""

from __future__ import annotations

import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import assert_never

from msgspec.structs import replace

from mmcheck.core.check import Check, Expectation
from mmcheck.core.instance import Instance
from mmcheck.core.outcome import CheckOutcome, PropertyOutcome, SpecOutcome, Statistics
from mmcheck.core.stategraph import StateGraph, TooManyClassesError, cell_key
from mmcheck.core.system import (
    DeadlockFree,
    Invariant,
    Liveness,
    NoModelError,
    Reachable,
    Scenario,
    StepInvariant,
)
from mmcheck.core.verdict import Binding, EverySize, Inductive, Proved, Unknown, Violated
from mmcheck.diagnostics import Diagnostic, SpecError
from mmcheck.elaborate.allowances import Allowance, Allowances
from mmcheck.engines.certificates import remove_certificate, write_certificate
from mmcheck.engines.engine import Answer, Limits, Observe, Preferences
from mmcheck.engines.limits import TimeLeft, Watch, reserved
from mmcheck.engines.registry import ENGINES, PROVING, draw
from mmcheck.session.judging import judged
from mmcheck.session.loading import Spec, instantiate, load, of_program
from mmcheck.session.options import Options, ignore
from mmcheck.session.proving import examined
from mmcheck.session.selecting import chosen, unwritable
from mmcheck.session.suspicions import never_moving, with_branches_never_taken
from mmcheck.source import real_path


def verify_file(path: str, options: Options = Options(), observe: Observe = ignore) -> SpecOutcome:
    """Verify the checks of a spec. Never raises for bad input: the diagnostics are in the outcome."""
    try:
        return verify(load(path, options.settings), options, observe)
    except SpecError as error:
        return SpecOutcome(str(path), Path(path).stem, (), error.diagnostics)


def verify(spec: Spec, options: Options = Options(), observe: Observe = ignore) -> SpecOutcome:
    """Verify the checks of a spec, those that the options select, until they are done or interrupted. The
    settings of the options take the place of those that the spec was loaded with."""
    outcome = SpecOutcome(spec.program.path, spec.program.name, (), (), spec.program.doc)
    try:
        if options.settings not in ((), spec.settings):
            spec = of_program(spec.program, options.settings)
        checks = chosen(spec, options)
    except SpecError as error:
        return replace(outcome, diagnostics=error.diagnostics)
    outcomes: list[CheckOutcome] = []
    diagnostics: list[Diagnostic] = []
    for check in checks:
        try:
            outcomes.append(verify_check(spec, check, options, observe))
        except SpecError as error:
            diagnostics += error.diagnostics
            continue
        if outcomes[-1].interrupted:
            break
    outcome = replace(outcome, checks=tuple(outcomes), diagnostics=tuple(diagnostics))
    return completed(outcome, len(spec.checks), heeded(spec, options))


def completed(outcome: SpecOutcome, declared: int, allowances: tuple[Allowance, ...] = ()) -> SpecOutcome:
    """The outcome of a spec with so many checks, with what only all of them together can say, and without the
    warnings that comments in the source allow, where they are or at the check."""
    checks = list(outcome.checks)
    if len(checks) == declared:
        checks = with_branches_never_taken(checks)
    allowed = Allowances(allowances)
    silenced = [replace(c, warnings=allowed.silence(c.warnings, c.check.span)) for c in checks]
    return replace(outcome, checks=tuple(silenced))


def heeded(spec: Spec, options: Options) -> tuple[Allowance, ...]:
    """The comments that allow warnings, as far as the options heed them."""
    return Allowances.of(spec.program).all if options.silence else ()


def verify_check(
    spec: Spec,
    check: Check,
    options: Options = Options(),
    observe: Observe = ignore,
) -> CheckOutcome:
    """Verify one check. Raises SpecError where its settings make no sense, or a proof cannot be written."""
    check, instance = instantiate(spec, check, options.engine)
    limits = limits_until(options.limits, options.deadline)
    if limits is None:
        return _not_begun(check, instance, options.engine)
    watch = Watch(limits)
    engine = ENGINES[options.engine](_preferences(spec, check, instance, options))
    answer = engine.check(instance, check.properties, _with_reserve(limits, options.engine), observe)
    outcome = judged(spec, check, instance, answer, TimeLeft(watch.ends))
    never = tuple(never_moving(instance, check, answer, watch.left(), observe))
    outcome = replace(outcome, warnings=(*never, *outcome.warnings))
    if options.certificates is not None:
        folder = options.certificates / spec.program.name / check.name
        try:
            _write_certificates(folder, instance, check, outcome.properties)
        except OSError as error:
            raise SpecError((unwritable(folder, error),)) from error
    outcome = replace(outcome, graph=_small_graph(instance, check, answer, options.graphs))
    if options.induction and not answer.interrupted:
        outcome = replace(outcome, induction=examined(instance, options, observe))
    return outcome


def _with_reserve(limits: Limits, engine: str) -> Limits:
    """The limits of an engine: one whose proofs are to be proved again leaves some of the time for that."""
    if limits.timeout is None or engine not in PROVING:
        return limits
    return replace(limits, reserve=reserved(limits.timeout))


def limits_until(limits: Limits, deadline: float | None) -> Limits | None:
    """The limits with the time that is left; None where there is none."""
    if deadline is None:
        return limits
    left = deadline - time.monotonic()
    if left <= 0:
        return None
    # It is told to the user, who need not know the microseconds.
    left = max(round(left, 2), 0.01)
    return replace(limits, timeout=left if limits.timeout is None else min(limits.timeout, left))


def _not_begun(check: Check, instance: Instance, engine: str) -> CheckOutcome:
    """A check for which no time was left."""
    unknown = Unknown("the time for all checks was spent before")
    properties = [p for p in instance.system.properties if p.name in check.properties]
    outcomes = tuple(PropertyOutcome(p, unknown, check.expectation(p.name)) for p in properties)
    return CheckOutcome(check, instance, outcomes, Statistics(engine, 0, 0, 0, 0.0, 0, False, {}))


def _small_graph(instance: Instance, check: Check, answer: Answer, most: int) -> StateGraph | None:
    """The state graph of a check that has few states."""
    if not answer.statistics.complete or not 0 < answer.statistics.states <= most:
        return None
    keys = [cell_key(instance, cell) for cell in instance.cells]
    try:
        return draw(instance, check, keys, False, most, Limits(), ignore)
    except TooManyClassesError:
        return None


def _write_certificates(
    folder: Path, instance: Instance, check: Check, outcomes: tuple[PropertyOutcome, ...]
) -> None:
    """Write the proofs by induction, each to a folder of its own, which says nothing any more of a property
    that has no such proof. Raises OSError."""
    for outcome in outcomes:
        # No property that a spec declares has a name with this sign in it.
        own = folder / outcome.prop.name.replace(" ", "-")
        match outcome.verdict:
            case Proved((Inductive() | EverySize()) as evidence):
                binding: Binding = ()
            case Violated(None, binding, _, Inductive() as evidence):
                pass
            case _:
                remove_certificate(own)
                continue
        write_certificate(own, instance, check.properties, outcome.prop, binding, evidence)


def _preferences(spec: Spec, check: Check, instance: Instance, options: Options) -> Preferences:
    """The preferences for one check: its checkpoint has a folder of its own."""
    preferences = options.preferences
    if not options.keep_going:
        preferences = replace(preferences, stop_at=frozenset(_never_expected(check, instance)))
    if preferences.checkpoint is None:
        return preferences
    path = str(real_path(spec.program.path))
    of_spec = f"{spec.program.name}-{sha256(path.encode()).hexdigest()[:8]}"
    return replace(preferences, checkpoint=preferences.checkpoint / of_spec / check.name)


def _never_expected(check: Check, instance: Instance) -> Iterator[str]:
    """The properties of which a check expects no violation, that a single state or step can violate."""
    for prop in instance.system.properties:
        match prop:
            case Invariant() | StepInvariant() | NoModelError() | DeadlockFree():
                if check.expectation(prop.name).expectation is Expectation.HOLDS:
                    yield prop.name
            case Reachable() | Liveness() | Scenario():
                pass
            case _:
                assert_never(prop)
