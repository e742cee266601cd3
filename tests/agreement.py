"""What the tests on random specs share: an instance of manageable size, and comparisons on it."""

from __future__ import annotations

from itertools import permutations, product

from hypothesis import assume
from naive_semantics import Cells, Model
from oracle import TooLargeError, Truth, truth

import mmcheck
from mmcheck import session
from mmcheck.core.blame import Blame
from mmcheck.core.check import Check
from mmcheck.core.instance import Instance, State
from mmcheck.core.outcome import CheckOutcome
from mmcheck.core.semantics import Dynamics, ModelError, at, denote, initial_states
from mmcheck.core.terms import Local, Term, children
from mmcheck.core.trace import Failure, Step
from mmcheck.core.types import Elem, Value
from mmcheck.core.verdict import Proved, Violated, Witness
from mmcheck.engines.engine import Limits

MOST_STATES = 300
MOST_STEPS = 60


def possible_instance(spec: mmcheck.Spec, check: Check) -> Instance | None:
    """The instance of a check; none where it is too large for any engine."""
    try:
        return session.instantiate(spec, check)[1]
    except mmcheck.SpecError as error:
        # A set of a number without bounds, such as `{count(s)}`, has no place in an instance.
        assert {d.code for d in error.diagnostics} == {"E505"}
        return None


def small_instance(spec: mmcheck.Spec, check: Check, most: int = MOST_STATES) -> tuple[Instance, Truth]:
    """The instance of a check with the truth about it; the example is given up where it is too large."""
    instance = possible_instance(spec, check)
    assume(instance is not None and ways_to_begin(instance) <= most)
    assert instance is not None
    try:
        return instance, truth(instance, most)
    except TooLargeError:
        assume(False)
        raise


def ways_to_begin(instance: Instance) -> int:
    """How many initial states there are, counted no further than is of interest."""
    return sum(1 for _, _ in zip(initial_states(instance), range(MOST_STATES + 1), strict=False))


def verify(spec: mmcheck.Spec, check: Check, engine: str) -> CheckOutcome:
    return session.verify_check(spec, check, session.Options(engine=engine, limits=Limits(max_states=5_000)))


def differences(outcome: CheckOutcome, expected: Truth) -> list[str]:
    """Where an engine and the oracle disagree."""
    found: list[str] = []
    if outcome.statistics.complete:
        counts = (outcome.statistics.states, outcome.statistics.depth)
        right_counts = (number_of_orbits(outcome, list(expected.depths)), expected.depth)
        if counts != right_counts:
            found.append(f"states and depth: {counts}, not {right_counts}")
    for each in outcome.properties:
        right, verdict, name = expected.judgements[each.prop.name], each.verdict, each.prop.name
        if not isinstance(verdict, Proved | Violated):
            if expected.depths:
                found.append(f"{name}: {verdict}")
            continue
        if isinstance(verdict, Proved) != right.holds:
            found.append(f"{name}: {verdict}, and it is {right}")
        elif (length := length_of(verdict)) is not None and right.length not in (None, length):
            found.append(f"{name}: a run of {length} steps, and the shortest has {right.length}")
    return found


def number_of_orbits(outcome: CheckOutcome, states: list[State]) -> int:
    """How many states an engine has to visit that takes states for one that differ only by a permutation of
    the sorts which it says it reduced: all of them, where it reduced none."""
    sorts = outcome.statistics.symmetry
    if not sorts:
        return len(states)
    sizes = [range(outcome.instance.sizes[sort]) for sort in sorts]
    renamings = [dict(zip(sorts, rows, strict=True)) for rows in product(*map(permutations, sizes))]
    seen: set[frozenset[object]] = set()
    orbits = 0
    for state in states:
        cells = cells_of(outcome.instance, state)
        orbits += frozen(cells) not in seen
        seen |= {frozen(renamed(cells, renaming)) for renaming in renamings}
    return orbits


def renamed(cells: Cells, renaming: dict[str, tuple[int, ...]]) -> Cells:
    """A state with the elements of some sorts permuted."""

    def rename(value: object) -> object:
        if isinstance(value, Elem):
            row = renaming.get(value.sort)
            return value if row is None else Elem(value.sort, row[value.ordinal])
        return frozenset(map(rename, value)) if isinstance(value, frozenset) else value

    return {(n, tuple(map(rename, at)), path): rename(value) for (n, at, path), value in cells.items()}


def length_of(verdict: Proved | Violated) -> int | None:
    """The length of the run that a verdict shows, if it shows one that ends: the shortest one."""
    match verdict:
        case Proved(Witness() as witness):
            return witness.length
        case Violated(trace) if trace is not None and trace.loop is None:
            return trace.length
        case _:
            return None


def cells_of(instance: Instance, state: State) -> Cells:
    """A state as the naive interpreter has it."""
    return {(c.variable, c.indices, c.path): v for c, v in zip(instance.cells, state, strict=True)}


def frozen(cells: Cells) -> frozenset[object]:
    return frozenset(cells.items())


def semantic_differences(text: str, instance: Instance, states: list[State]) -> list[str]:
    """Where the core and the naive interpreter disagree about initial states and about steps."""
    model, dynamics = Model(text), Dynamics.of(instance)
    found: list[str] = []
    begins = list(initial_states(instance))
    mine = {frozen(cells_of(instance, s)) for s in begins if not isinstance(s, Failure)}
    mine |= {frozenset({("fault", s.kind)}) for s in begins if isinstance(s, Failure)}
    naive = {frozenset({("fault", r.fault)}) if r.cells is None else frozen(r.cells) for r in model.initial()}
    if mine != naive:
        found.append(f"initial states: {mine ^ naive}")
    for state in states:
        steps = {
            (
                step.action.transition.name,
                step.action.args,
                frozen(cells_of(instance, step.target))
                if isinstance(step, Step)
                else frozenset({("fault", step.failure.kind)}),
            )
            for step in dynamics.successors(state)
        }
        others = {
            (name, args, frozenset({("fault", r.fault)}) if r.cells is None else frozen(r.cells))
            for name, args, r in model.successors(cells_of(instance, state))
        }
        if steps != others:
            found.append(f"from {instance.show(state)}: {sorted(map(str, steps ^ others))}")
    return found


def blame_is_true(outcome: CheckOutcome) -> list[str]:
    """Which explanations of violations do not hold: the part must have the value that it is said to have,
    with the bindings and in the state that the trace ends in."""
    wrong: list[str] = []
    for each in outcome.properties:
        if each.blame is not None and isinstance(each.verdict, Violated) and each.verdict.trace is not None:
            trace = each.verdict.trace
            by = trace.steps[-1].action.transition.name if trace.steps else ""
            step = (trace.states[-1], by) if type(each.prop).__name__ == "StepInvariant" else ()
            base = trace.states[-2] if step else trace.states[-1]
            if not _has_value(outcome.instance, each.blame, base, step, dict(each.verdict.binding)):
                wrong.append(f"{each.prop.name}: {each.blame}")
    return wrong


def _has_value(
    instance: Instance, blame: Blame, state: State, step: tuple[object, ...], claim: dict[str, Value]
) -> bool:
    """Whether some values of the names bound around the part, equal to those told, give it its value."""
    told = dict(blame.bindings)
    locals = free_locals(blame.part)
    named = {name: told[name.partition("$")[0]] for name in locals if name.partition("$")[0] in told}
    env = at(state, {**claim, **named}, *step)  # type: ignore[arg-type]
    try:
        return bool(denote(blame.part, instance)(env)) is blame.value
    except ModelError:
        return blame.value is None


def free_locals(part: Term) -> set[str]:
    """The local names that a term mentions."""
    names = {part.name} if isinstance(part, Local) else set()
    return names.union(*(free_locals(child) for child in children(part)))
