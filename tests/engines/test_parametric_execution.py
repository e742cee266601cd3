"""Lifted systems mean what the reference semantics means, in every small universe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import islice
from random import Random

import pytest
from agreement import ways_to_begin
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from strategies import specs
from structures import Structure, choices, interpretation, symbols_in

import mmcheck
from mmcheck import session
from mmcheck.core.instance import Action, Instance, State
from mmcheck.core.semantics import Dynamics, ModelError, at, denote, initial_states
from mmcheck.core.system import Invariant, StepInvariant
from mmcheck.core.trace import Failure, Step
from mmcheck.core.types import Elem, Value, domain
from mmcheck.engines.parametric.execution import Outcome, changes, judge, run_init, run_transition
from mmcheck.engines.parametric.logic import Symbol
from mmcheck.engines.parametric.values import OutsideError
from mmcheck.engines.parametric.vocabulary import Content, Slot, Vocabulary

SHORT = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
LONG = settings(SHORT, max_examples=2_000)
MOST = 600


def param_symbols(vocabulary: Vocabulary, action: Action, symbols: set[Symbol]) -> set[Symbol]:
    """The symbols that stand for the arguments of an action."""
    stems = [f"{action.transition.name}({p.name})" for p in action.transition.params]
    return {s for s in symbols if any(s.name.startswith(stem) for stem in stems)}


def argument_meaning(
    vocabulary: Vocabulary, action: Action, symbols: set[Symbol]
) -> dict[tuple[str, tuple[int, ...]], Value]:
    found: dict[tuple[str, tuple[int, ...]], Value] = {}
    for param, arg in zip(action.transition.params, action.args, strict=True):
        stem = f"{action.transition.name}({param.name})"
        found[stem, ()] = arg
        found[f"{stem} is null", ()] = arg is None
        if isinstance(arg, frozenset):
            for symbol in symbols:
                if symbol.name == stem and symbol.args:
                    for i in range(64):
                        found[stem, (i,)] = Elem(symbol.args[0], i) in arg
                elif symbol.name.startswith(f"{stem} has "):
                    text = symbol.name.removeprefix(f"{stem} has ")
                    found[symbol.name, ()] = text in {str(v) for v in arg}
    return found


def roots_of(vocabulary: Vocabulary, outcome: Outcome) -> list[int]:
    roots = [outcome.guard, outcome.fails]
    for slot, content in outcome.writes.items():
        held = content(tuple(map(vocabulary.logic.var, slot.args)))
        if isinstance(held, int):
            roots.append(held)
        else:
            assert isinstance(held, dict)
            for leaf, guard in held.items():
                roots += [guard, *([leaf.term] if hasattr(leaf, "term") else [])]
    return roots


def afterwards(vocabulary: Vocabulary, outcome: Outcome) -> Callable[[Slot], Content]:
    """What slots hold after a step."""
    return lambda slot: outcome.writes.get(slot, vocabulary.before(slot))


def compare(spec: mmcheck.Spec, random: Random) -> Counter[str]:
    """Compare a lifted system with the instance of its first check."""
    told: Counter[str] = Counter()
    _, instance = session.instantiate(spec, spec.checks[0])
    fixed = {s: n for s, n in instance.sizes.items() if random.random() < 0.2}
    vocabulary = Vocabulary(instance.system, fixed)
    own = {slot.name for slot in vocabulary.slots()}
    own |= {f"{name} is null" for name in own}
    states = sample(instance, random)
    assume(states)
    told["states"] += len(states)
    compare_init(vocabulary, instance, told)
    dynamics = Dynamics.of(instance)
    for transition in instance.system.transitions:
        try:
            outcome = run_transition(vocabulary, transition)
            moved = changes(vocabulary, outcome)
        except OutsideError:
            told["outside"] += 1
            continue
        roots = [*roots_of(vocabulary, outcome), moved]
        symbols = symbols_in(vocabulary, roots)
        actions = [a for a in instance.actions if a.transition is transition]
        for action in random.sample(actions, min(3, len(actions))):
            given_ = param_symbols(vocabulary, action, symbols)
            open = {s for s in symbols if s.name not in own} - given_
            ways = choices(open, instance, MOST)
            if ways is None:
                told["too many choices"] += 1
                continue
            for state in random.sample(states, min(6, len(states))):
                fixed_meaning = interpretation(vocabulary, instance, state)
                fixed_meaning |= argument_meaning(vocabulary, action, symbols)
                found: set[State] = set()
                fails = False
                for way in ways:
                    structure = Structure(vocabulary, instance, fixed_meaning | way)
                    fails = fails or bool(structure.value(outcome.fails, {}))
                    if structure.value(outcome.guard, {}):
                        after = structure.state(afterwards(vocabulary, outcome))
                        found.add(after)
                        assert bool(structure.value(moved, {})) == (after != state)
                right = dynamics.steps(state, action)
                targets = {step.target for step in right if isinstance(step, Step)}
                failed = any(not isinstance(step, Step) for step in right)
                told["steps"] += len(targets)
                told["failed"] += failed
                told["blocked"] += not targets
                if not failed:
                    assert found == targets, f"{action!r} from {instance.show(state)}"
                assert targets <= found
                assert fails or not failed, f"{action!r} from {instance.show(state)}"
                if fails and not failed:
                    assert "forall" in repr(transition.body), f"{action!r} from {instance.show(state)}"
                for prop in instance.system.properties:
                    compare_property(vocabulary, instance, prop, state, outcome, right, told)
    return told


def compare_init(vocabulary: Vocabulary, instance: Instance, told: Counter[str]) -> None:
    if ways_to_begin(instance) > 200:
        return
    try:
        outcome = run_init(vocabulary)
        ways = choices(symbols_in(vocabulary, roots_of(vocabulary, outcome)), instance, MOST)
    except OutsideError:
        told["outside"] += 1
        return
    if ways is None:
        return
    begun = list(initial_states(instance))
    found: set[State] = set()
    fails = False
    for way in ways:
        structure = Structure(vocabulary, instance, way)
        fails = fails or bool(structure.value(outcome.fails, {}))
        if structure.value(outcome.guard, {}):
            found.add(structure.state(afterwards(vocabulary, outcome)))
    right = {state for state in begun if not isinstance(state, Failure)}
    failed = len(right) < len(begun)
    assert right <= found
    assert failed or found == right
    assert fails or not failed
    told["initial"] += len(right)


def compare_property(vocabulary, instance, prop, state, outcome, steps, told) -> None:  # type: ignore[no-untyped-def]
    """A predicate is true, false or without a value where the reference semantics says so."""
    if not isinstance(prop, Invariant | StepInvariant):
        return
    name = "" if not steps else steps[0].action.transition.name
    meaning = interpretation(vocabulary, instance, state)
    try:
        if isinstance(prop, Invariant):
            judgement = judge(vocabulary, prop.params, prop.body)
            pairs = [(state, judgement)]
        else:
            pairs = []
            if any(isinstance(step, Step) for step in steps) and not symbols_in(
                vocabulary, roots_of(vocabulary, outcome)
            ) - {
                s
                for s in symbols_in(vocabulary, roots_of(vocabulary, outcome))
                if (s.name, (0,) * len(s.args)) in meaning
            }:
                target = next(step.target for step in steps if isinstance(step, Step))
                pairs = [(target, judge(vocabulary, prop.params, prop.body, after=outcome.writes, by=name))]
    except OutsideError:
        told["outside"] += 1
        return
    for after, judgement in pairs:
        truths, failed = [], False
        for claim in instance.claims(prop):
            try:
                truths.append(bool(denote(prop.body, instance)(at(state, claim, after, name))))
            except ModelError:
                failed = True
        structure = Structure(vocabulary, instance, meaning)
        assert bool(structure.value(judgement.fails, {})) == failed, f"{prop.name} in {instance.show(state)}"
        if not failed:
            assert bool(structure.value(judgement.holds, {})) == all(truths), prop.name
        told[type(prop).__name__] += 1


def sample(instance: Instance, random: Random) -> list[State]:
    """States, reachable or not."""
    found: dict[State, None] = {}
    types = [tuple(islice(domain(cell.type, instance.sizes), 50)) for cell in instance.cells]
    for _ in range(12):
        found[tuple(random.choice(values) for values in types)] = None
    return list(found)


@given(specs(), st.randoms(use_true_random=False))
@SHORT
def test_lifted_systems_mean_what_the_semantics_says(text: str, random: Random) -> None:
    check(text, random)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@given(specs(), st.randoms(use_true_random=False))
@LONG
def test_many_lifted_systems_mean_what_the_semantics_says(text: str, random: Random) -> None:
    check(text, random)


def check(text: str, random: Random) -> None:
    try:
        spec = mmcheck.loads(text)
        compare(spec, random)
    except mmcheck.SpecError as error:
        assert {d.code for d in error.diagnostics} == {"E505"}
        assume(False)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{text}") from error
