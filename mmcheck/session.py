"""The one place where the phases meet: from a path to the outcome of its checks.

parse -> elaborate -> instantiate -> an engine -> certify, for every check of a spec; budgets are handed on,
verdicts are certified, what is suspicious is warned about.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from mmcheck.core.blame import Blame, blame
from mmcheck.core.certify import Certifier, UnsettledError
from mmcheck.core.check import Check, Expectation
from mmcheck.core.coverage import BranchCoverage, Coverage, Side, measure, never_taken
from mmcheck.core.induction import Cti, Examination, InductionOutcome
from mmcheck.core.instance import Instance
from mmcheck.core.lasso import Account, account
from mmcheck.core.outcome import CheckOutcome, PropertyOutcome, SpecOutcome, Statistics
from mmcheck.core.semantics import at
from mmcheck.core.size import MOST, excesses
from mmcheck.core.stategraph import StateGraph, TooManyClassesError, cell_key
from mmcheck.core.symmetry import renumber
from mmcheck.core.system import (
    DeadlockFree,
    Invariant,
    Liveness,
    NoModelError,
    Property,
    Reachable,
    Scenario,
    StepInvariant,
    Transition,
)
from mmcheck.core.terms import Literal
from mmcheck.core.trace import Failure, Trace
from mmcheck.core.types import Value
from mmcheck.core.verdict import (
    Binding,
    EverySize,
    Exhaustive,
    Inductive,
    Proved,
    Unknown,
    Verdict,
    Violated,
    Witness,
)
from mmcheck.diagnostics import Collector, Diagnostic, Note, SpecError
from mmcheck.elaborate.allowances import Allowance, Allowances
from mmcheck.elaborate.checks import declared_checks, read_settings
from mmcheck.elaborate.lowering import Elaborated, elaborate
from mmcheck.elaborate.modules import Program, load_program, merge_program
from mmcheck.elaborate.places import SUFFIX, files_behind, specs_below
from mmcheck.elaborate.scope import Symbols, declare, did_you_mean
from mmcheck.engines.certificates import write_certificate
from mmcheck.engines.engine import Answer, Limits, Observe, Preferences, Progress
from mmcheck.engines.firing import never_steps
from mmcheck.engines.registry import (
    DEFAULT,
    ENGINES,
    SYMBOLIC,
    draw,
    examine,
    examine_every_size,
    reproof,
)
from mmcheck.engines.scratch import foreign_file
from mmcheck.source import SourceFile, digest


def ignore(progress: Progress) -> None:
    """Observe nothing."""


class Options(Struct, frozen=True):
    """What a run is asked for: settings such as `Page=3`, the names of checks and of properties (none means
    all), limits for each check, and the engine."""

    settings: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    engine: str = DEFAULT
    preferences: Preferences = field(default_factory=Preferences)
    certificates: Path | None = None
    """A folder for the proofs by induction, as scripts for solvers."""
    keep_going: bool = True
    """Whether to go on after a violation that a check does not expect, for those of other properties."""
    induction: bool = False
    """Whether to say of each invariant what induction says about it."""
    silence: bool = True
    """Whether to leave out the warnings that comments in the source allow."""
    deadline: float | None = None
    """When all of it has to end, on the clock of `time.monotonic`: what is not decided by then is unknown."""
    graphs: int = 0
    """How many states a check may have, none up to symmetry, for its state graph to be in the outcome."""


class Spec(Struct, frozen=True):
    """A spec without errors: its program, and its system and checks as they are declared (or as the settings
    have them)."""

    program: Program
    symbols: Symbols
    declared: Elaborated
    checks: tuple[Check, ...]


# --- loading ---------------------------------------------------------------------------------------------


def load(path: str | Path, settings: Sequence[str] = ()) -> Spec:
    """Read and elaborate a spec. Raises SpecError, with all diagnostics, when it has errors."""
    collector = Collector()
    program = load_program(str(path), collector)
    return _finish(program, settings, collector)


def loads(text: str, name: str = "<text>", settings: Sequence[str] = ()) -> Spec:
    """The spec of a text, as if it stood in a file of that name. Raises SpecError when it has errors."""
    collector = Collector()
    return _finish(merge_program(SourceFile(name, text), Path(name), collector), settings, collector)


def of_program(program: Program, settings: Sequence[str] = (), collector: Collector | None = None) -> Spec:
    """The spec of a program that was read before; `collector` has what was found then. Raises SpecError
    when it has errors."""
    return _finish(program, settings, Collector() if collector is None else collector)


def _finish(program: Program | None, settings: Sequence[str], collector: Collector) -> Spec:
    if program is None:
        raise SpecError(collector.in_order())
    symbols = declare(program, collector)
    declared = elaborate(program, symbols, {}, collector)
    extra = _settings(settings, symbols, declared, collector)
    checks = declared_checks(symbols, declared, extra, collector)
    collector.raise_if_errors()
    return Spec(program, symbols, declared, checks)


_SETTING = re.compile(r"\s*[A-Za-z_]\w*\s*=[^=;{}][^;{}]*")


def _settings(
    texts: Sequence[str], symbols: Symbols, declared: Elaborated, collector: Collector
) -> Mapping[str, Value]:
    """The values of `NAME=VALUE` settings, the last one of a name counting."""
    settings: dict[str, Value] = {}
    for text in texts:
        if _SETTING.fullmatch(text) is None:
            collector.add("E500", f"`{text}` is no setting", None, "write it as NAME=VALUE, such as Page=3")
            continue
        source = SourceFile("--set", f"check command_line {{ {text.strip()}; }}")
        settings |= read_settings(source, symbols, declared, settings, collector)
    return settings


def instantiate(spec: Spec, check: Check, engine: str = DEFAULT) -> tuple[Check, Instance]:
    """The instance of a check, and the check with all its values. Raises SpecError where the check's settings
    make no sense together, or make the instance too large for the engine."""
    collector = Collector()
    elaborated = spec.declared
    if check.constants:
        elaborated = elaborate(spec.program, spec.symbols, check.constants, collector)
    _raise_in_check(check, collector)
    complete = replace(check, constants=elaborated.constants, sizes={**elaborated.sizes, **check.sizes})
    instance = Instance(elaborated.system, complete.sizes)
    # A variable with too many cells also has too many initial assignments: one place, one message.
    found = reversed(list(excesses(instance, beginnings=engine not in SYMBOLIC)))
    for excess in {excess.span: excess for excess in found}.values():
        collector.add(
            "E505",
            f"{excess.what} are {'more than ' if excess.count > MOST else ''}{min(excess.count, MOST):,}",
            excess.span,
            "make sorts and ranges smaller: two or three elements show most bugs",
        )
    _raise_in_check(check, collector)
    return complete, instance


def _raise_in_check(check: Check, collector: Collector) -> None:
    if collector.has_errors:
        note = Note(f"with the settings of check `{check.name}`", check.span)
        raise SpecError(tuple(replace(d, notes=(*d.notes, note)) for d in collector.in_order()))


# --- verifying -------------------------------------------------------------------------------------------


def verify_file(path: str, options: Options = Options(), observe: Observe = ignore) -> SpecOutcome:
    """Verify the checks of a spec. Never raises for bad input: the diagnostics are in the outcome."""
    try:
        return verify(load(path, options.settings), options, observe)
    except SpecError as error:
        return SpecOutcome(str(path), Path(path).stem, (), error.diagnostics)


def verify(spec: Spec, options: Options = Options(), observe: Observe = ignore) -> SpecOutcome:
    """Verify the checks of a spec, those that the options select, until they are done or interrupted."""
    outcome = SpecOutcome(spec.program.path, spec.program.name, (), (), spec.program.doc)
    try:
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
        checks = _with_branches_never_taken(checks)
    allowed = Allowances(allowances)
    silenced = [replace(c, warnings=allowed.silence(c.warnings, c.check.span)) for c in checks]
    return replace(outcome, checks=tuple(silenced))


def heeded(spec: Spec, options: Options) -> tuple[Allowance, ...]:
    """The comments that allow warnings, as far as the options heed them."""
    return Allowances.of(spec.program).all if options.silence else ()


def _digests(program: Program) -> tuple[tuple[str, str], ...]:
    """The files of a program, each with the hash of what was read."""
    return tuple((str(path), digest(text)) for path, text in zip(program.files, program.texts, strict=True))


def chosen(spec: Spec, options: Options) -> tuple[Check, ...]:
    """The checks to run, each with the properties to verify. Raises SpecError where the options name what the
    spec does not have, or a folder that cannot be used."""
    spill, certificates = options.preferences.spill, options.certificates
    if spill is not None and (problem := spill_folder_problem(spill)) is not None:
        raise SpecError((problem,))
    if certificates is not None and (problem := certificate_folder_problem(certificates)) is not None:
        raise SpecError((problem,))
    return tuple(_select(spec, options))


def _select(spec: Spec, options: Options) -> Iterator[Check]:
    collector = Collector()
    names = [check.name for check in spec.checks]
    properties = [p.name for p in spec.declared.system.properties]
    for what, wanted, known in (
        ("check", options.checks, names),
        ("property", options.properties, properties),
    ):
        for name in wanted:
            if name not in known:
                remedy = did_you_mean(name, known, f"there are: {', '.join(known)}")
                collector.add("E507", f"`{spec.program.path}` has no {what} `{name}`", None, remedy)
    collector.raise_if_errors()
    for check in spec.checks:
        if options.checks and check.name not in options.checks:
            continue
        if not options.properties:
            yield check
        elif chosen := [p for p in check.properties if p in options.properties]:
            always = tuple(p for p in check.properties if p == NoModelError().name)
            yield replace(check, properties=tuple(dict.fromkeys((*always, *chosen))))


def verify_check(
    spec: Spec,
    check: Check,
    options: Options = Options(),
    observe: Observe = ignore,
) -> CheckOutcome:
    """Verify one check. Raises SpecError where its settings make no sense."""
    check, instance = instantiate(spec, check, options.engine)
    limits = limits_until(options.limits, options.deadline)
    if limits is None:
        return _not_begun(check, instance, options.engine)
    engine = ENGINES[options.engine](_preferences(spec, check, instance, options))
    answer = engine.check(instance, check.properties, limits, observe)
    outcome = judged(spec, check, instance, answer)
    never = tuple(_never_moving(instance, check, answer, options, observe))
    outcome = replace(outcome, warnings=(*never, *outcome.warnings))
    if options.certificates is not None:
        folder = options.certificates / spec.program.name / check.name
        _write_certificates(folder, instance, check, outcome.properties)
    outcome = replace(outcome, graph=_small_graph(instance, check, answer, options.graphs))
    if options.induction and not answer.interrupted:
        outcome = replace(outcome, induction=_examine(instance, options, observe))
    return outcome


def judged(spec: Spec, check: Check, instance: Instance, answer: Answer) -> CheckOutcome:
    """What came out of a check, of what an engine says: certified, explained, with warnings. The check is one
    with all its values. Raises SpecError where it has no initial state."""
    certifier = Certifier(instance, reproof(instance, check.properties, answer.verdicts))
    outcomes = tuple(
        _property_outcome(certifier, check, prop, answer)
        for prop in instance.system.properties
        if prop.name in answer.verdicts
    )
    _require_initial_states(spec, check, instance, answer, outcomes)
    warnings = (*answer.warnings, *_warnings(instance, check, answer))
    coverage = _coverage(instance, answer, outcomes)
    return CheckOutcome(
        check,
        instance,
        outcomes,
        answer.statistics,
        warnings,
        answer.interrupted,
        coverage,
        files=_digests(spec.program),
    )


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


def _examine(instance: Instance, options: Options, observe: Observe) -> tuple[InductionOutcome, ...]:
    """What induction says about each invariant, with the part that is false in each counterexample."""
    return tuple(_explained(instance, outcome) for outcome in examine(instance, options.limits, observe))


def _explained(instance: Instance, outcome: InductionOutcome) -> InductionOutcome:
    """What induction says about an invariant, with the part that is false in each counterexample."""

    def explained(cti: Cti | None) -> Cti | None:
        if cti is None:
            return None
        own = cti.instance or instance
        return replace(cti, blame=false_part(own, outcome.prop, Violated(cti.trace, cti.binding)))

    return replace(
        outcome,
        initiation=explained(outcome.initiation),
        consecutions=tuple(replace(c, cti=explained(c.cti)) for c in outcome.consecutions),
    )


def prove_check(
    spec: Spec, check: Check, options: Options = Options(), observe: Observe = ignore
) -> tuple[Check, Instance, Examination]:
    """Say of each invariant of a check whether it is inductive for every size, all of them being assumed.
    Raises SpecError where the check's settings make no sense."""
    check, instance = instantiate(spec, check)
    found = examine_every_size(instance, check.properties, options.limits, observe)
    explained = tuple(_explained(instance, outcome) for outcome in found.outcomes)
    return check, instance, replace(found, outcomes=explained)


def selected_checks(spec: Spec, options: Options = Options()) -> tuple[Check, ...]:
    """The checks that the options select, each with the properties that are left. Raises SpecError."""
    return tuple(_select(spec, options))


def _write_certificates(
    folder: Path, instance: Instance, check: Check, outcomes: tuple[PropertyOutcome, ...]
) -> None:
    """Write the proofs by induction, each to a folder of its own."""
    for outcome in outcomes:
        match outcome.verdict:
            case Proved((Inductive() | EverySize()) as evidence):
                binding: Binding = ()
            case Violated(None, binding, _, Inductive() as evidence):
                pass
            case _:
                continue
        own = folder / outcome.prop.name.replace(" ", "_")
        write_certificate(own, instance, check.properties, outcome.prop, binding, evidence)


def certificate_folder_problem(folder: Path) -> Diagnostic | None:
    """Why certificates cannot be written to a folder, if they cannot."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".mmcheck").touch()
        (folder / ".mmcheck").unlink(missing_ok=True)  # another process may ask the same now
    except OSError as error:
        message = f"no certificate can be written to `{folder}`: {error.strerror}"
        return Diagnostic("E508", message, None, "name a folder that can be written to")
    return None


def _preferences(spec: Spec, check: Check, instance: Instance, options: Options) -> Preferences:
    """The preferences for one check: its checkpoint has a folder of its own."""
    preferences = options.preferences
    if not options.keep_going:
        preferences = replace(preferences, stop_at=frozenset(_never_expected(check, instance)))
    if preferences.checkpoint is None:
        return preferences
    path = str(Path(spec.program.path).resolve())
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


def spill_folder_problem(folder: Path) -> Diagnostic | None:
    """Why a folder cannot be used to spill into, if it cannot."""
    foreign = foreign_file(folder)
    if foreign is None:
        return None
    if foreign == folder:
        message, remedy = f"`{folder}` is no folder", "name a folder, which is made where there is none"
    else:
        message = f"`{folder}` has other files in it, such as `{foreign.name}`"
        remedy = "name a folder of its own, so that no file of yours is ever removed"
    return Diagnostic("E508", f"{message}, so nothing can be spilled there", None, remedy)


def _property_outcome(certifier: Certifier, check: Check, prop: Property, answer: Answer) -> PropertyOutcome:
    instance, verdict = certifier.instance, answer.verdicts[prop.name]
    if isinstance(verdict, Violated) and verdict.trace is not None:
        # Any run is as good as its permutations; this one is easier to read, and the same for all engines.
        binding, trace = renumber(instance, verdict.binding, verdict.trace)
        verdict = replace(verdict, binding=binding, trace=trace)
    try:
        if prop.name not in answer.reproved:
            certifier.certify(prop, verdict)
    except UnsettledError as error:
        verdict = Unknown(f"it was decided, but that could not be checked: {error}")
    trivial = (
        isinstance(prop, Invariant | StepInvariant)
        and isinstance(prop.body, Literal)
        and isinstance(verdict, Proved)
    )
    return PropertyOutcome(
        prop,
        verdict,
        check.expectation(prop.name),
        tuple(a.name for a in instance.system.assumptions),
        false_part(instance, prop, verdict),
        "true under the constants of this check, whatever happens" if trivial else _note(prop, answer),
        _account(certifier, verdict),
        answer.deciders.get(prop.name, ""),
    )


def _note(prop: Property, answer: Answer) -> str:
    """What to know about a verdict besides."""
    if prop.name in answer.notes:
        return answer.notes[prop.name]
    reduced = answer.statistics.symmetry
    if not isinstance(prop, Liveness) or not reduced:
        return ""
    match answer.verdicts[prop.name]:
        case Unknown() | Proved(Exhaustive(symmetry=(_, *_))):
            return ""
        case _:
            return f"judged on all states, without symmetry of {' and '.join(reduced)}"


def _account(certifier: Certifier, verdict: Verdict) -> Account | None:
    """Why a counterexample that never ends is fair."""
    if not isinstance(verdict, Violated) or verdict.trace is None or verdict.trace.loop is None:
        return None
    return account(verdict.trace, certifier.dynamics)


def false_part(instance: Instance, prop: Property, verdict: Verdict) -> Blame | None:
    """Which part of a property is false at the end of its counterexample."""
    if not isinstance(verdict, Violated) or verdict.trace is None:
        return None
    trace = verdict.trace
    if isinstance(trace.end, Failure):
        return None
    match prop:
        case Invariant(_, _, body):
            return blame(body, at(trace.states[-1], dict(verdict.binding)), instance)
        case StepInvariant(_, _, body):
            by = trace.steps[-1].action.transition.name
            env = at(trace.states[-2], dict(verdict.binding), trace.states[-1], by)
            return blame(body, env, instance)
        case _:
            return None


def runs_of(verdict: Verdict) -> tuple[tuple[Binding, Trace], ...]:
    """The runs that speak for a verdict: the counterexample, or the witnesses."""
    match verdict:
        case Violated(trace, binding) if trace is not None:
            return ((binding, trace),)
        case Proved(Witness(traces)):
            return traces
        case _:
            return ()


def _require_initial_states(
    spec: Spec, check: Check, instance: Instance, answer: Answer, outcomes: tuple[PropertyOutcome, ...]
) -> None:
    """Without an initial state everything is true, and nothing is said. Raises SpecError then."""
    failed = any(isinstance(o.prop, NoModelError) and isinstance(o.verdict, Violated) for o in outcomes)
    if answer.statistics.states or not answer.statistics.complete or failed:
        return
    assumptions = [f", or the assumption `{a.name}` excludes all" for a in instance.system.assumptions]
    raise SpecError(
        (
            Diagnostic(
                "E504",
                f"`{spec.program.name}` has no initial state in check `{check.name}`",
                check.span,
                f"an `init` block requires the impossible{''.join(assumptions)}",
            ),
        )
    )


def _never_moving(
    instance: Instance, check: Check, answer: Answer, options: Options, observe: Observe
) -> Iterator[Diagnostic]:
    """That nothing ever happens, where a proof by induction would hide it: no state was visited for that."""
    fired = answer.statistics.fired
    if any(fired.values()) or answer.statistics.complete or answer.interrupted:
        return
    if any(map(_is_by_induction, answer.verdicts.values())) and never_steps(
        instance, options.limits, observe
    ):
        for transition in instance.system.transitions:
            yield from _never_fired(transition, check)


def _is_by_induction(verdict: Verdict) -> bool:
    match verdict:
        case Proved(Inductive()) | Violated(evidence=Inductive()):
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


def _warnings(instance: Instance, check: Check, answer: Answer) -> Iterator[Diagnostic]:
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


def _coverage(instance: Instance, answer: Answer, outcomes: tuple[PropertyOutcome, ...]) -> Coverage | None:
    """What the search made use of; None where there was none."""
    if answer.branches is None or not answer.statistics.states:
        return None
    proved = [outcome.prop.name for outcome in outcomes if isinstance(outcome.verdict, Proved)]
    found = answer.statistics
    return measure(
        instance.system, found.complete, found.fired, answer.branches, answer.unmet_premises, proved
    )


def _with_branches_never_taken(outcomes: list[CheckOutcome]) -> list[CheckOutcome]:
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


# --- finding specs ---------------------------------------------------------------------------------------


def find_specs(
    paths: Sequence[str], importers: bool = False
) -> tuple[tuple[str, ...], tuple[Diagnostic, ...]]:
    """The spec files that paths lead to, each once, in order: files as they are given, folders with all the
    .mmc files in them. With `importers`, also every spec below the current folder that imports one of them,
    directly or not. The diagnostics are about paths that lead nowhere."""
    found: list[str] = []
    diagnostics: list[Diagnostic] = []
    for path in paths:
        if not Path(path).is_dir():
            found.append(path)
        elif inside := specs_below(Path(path)):
            found += inside
        else:
            message = f"there is no {SUFFIX} file in `{path}`"
            diagnostics.append(Diagnostic("E004", message, None, "name a spec, or a folder with specs"))
    if importers:
        changed = {Path(path).resolve() for path in found}
        found += [path for path in specs_below(Path()) if _rests_on(path, changed)]
    once: dict[Path, str] = {}
    for path in found:
        once.setdefault(Path(path).resolve(), path)
    return tuple(once.values()), tuple(diagnostics)


def _rests_on(path: str, changed: set[Path]) -> bool:
    """Whether a spec imports one of some files. When in doubt it does, so that it is verified."""
    behind = files_behind(Path(path))
    return behind is None or not changed.isdisjoint(set(behind.files) - {Path(path).resolve()})
