"""Proofs carried from few elements to more: representatives, conditions for initial states, certification."""

from __future__ import annotations

from itertools import permutations, product
from pathlib import Path
from random import Random

import pytest
from agreement import small_instance
from hypothesis import given, settings
from msgspec.structs import replace
from strategies import specs
from test_agreement import LONG, SHORT, load

import mmcheck
from mmcheck import session
from mmcheck.core.certify import CertificationError, Certifier
from mmcheck.core.instance import Instance
from mmcheck.core.symmetry import is_in_order
from mmcheck.core.system import Property
from mmcheck.core.types import Elem
from mmcheck.core.verdict import Inductive, Proved, Unknown, Violated
from mmcheck.engines.engine import Limits, Progress
from mmcheck.engines.registry import reproof
from mmcheck.engines.symbolic.certificate import Claim, Prover
from mmcheck.engines.symbolic.grounded import Grounded, parts_of
from mmcheck.engines.symbolic.ic3.beginning import Beginning
from mmcheck.engines.symbolic.ic3.cubes import Cube, Orbits
from mmcheck.engines.symbolic.ic3.engine import SAFETY, Ic3Engine
from mmcheck.engines.symbolic.ic3.frames import INDUCTIVE, Frames
from mmcheck.engines.symbolic.ic3.lifting import lifted
from mmcheck.engines.symbolic.ic3.minimise import Minimiser
from mmcheck.engines.symbolic.ic3.places import Places
from mmcheck.engines.symbolic.ic3.problem import Problem, Target
from mmcheck.engines.symbolic.ic3.sat import FastSat
from mmcheck.engines.symbolic.ic3.search import Ic3
from mmcheck.engines.symbolic.solver import settle

ROOT = Path(__file__).parents[2]
FAULTS = ROOT / "benchmarks" / "models" / "page_faults.mmc"


def instance_of(source: str, *settings: str) -> Instance:
    spec = mmcheck.loads(source, settings=settings)
    return session.instantiate(spec, spec.checks[0], "ic3")[1]


def faults(*settings: str) -> Instance:
    spec = mmcheck.load(FAULTS, settings)
    return session.instantiate(spec, spec.checks[0])[1]


def nothing(progress: Progress) -> None:
    pass


def proofs(instance: Instance, few_actions: int = 0) -> dict[Property, Inductive]:
    """The safety properties that ic3 proves, with their proofs."""
    chosen = [prop for prop in instance.system.properties if isinstance(prop, SAFETY)]
    names = tuple(prop.name for prop in chosen)
    answer = Ic3Engine(few_actions=few_actions).check(instance, names, Limits(), nothing)
    verdicts = {prop: answer.verdicts[prop.name] for prop in chosen}
    return {
        prop: verdict.evidence
        for prop, verdict in verdicts.items()
        if isinstance(verdict, Proved) and isinstance(verdict.evidence, Inductive)
    }


# --- representatives -------------------------------------------------------------------------------------


@pytest.mark.parametrize("fixed", [(), (1,), (0, 2)])
def test_every_row_of_elements_becomes_one_in_order(fixed: tuple[int, ...]) -> None:
    elements = [Elem("S", i) for i in range(4)]
    kept = tuple(elements[i] for i in fixed)
    moves = [p for p in permutations(elements) if all(p[e.ordinal] == e for e in kept)]
    for row in product([*elements, frozenset(elements[1:3]), None], repeat=3):
        images = (
            tuple(
                frozenset(p[e.ordinal] for e in value)
                if isinstance(value, frozenset)
                else p[value.ordinal]
                if isinstance(value, Elem)
                else None
                for value in row
            )
            for p in moves
        )
        assert any(is_in_order(image, kept) for image in images)
    assert sum(is_in_order(row) for row in product(elements, repeat=3)) == 5


def test_cubes_apart_from_some_elements_stand_for_the_orbit() -> None:
    orbits, random = Orbits(Places(faults("Task=3", "Page=3"))), Random(1)
    places = [place for place in orbits.places.all if place.count > 1]
    for _ in range(30):
        chosen = random.sample(places, 3)
        cube = tuple(sorted((p.number, random.randrange(1, p.full)) for p in chosen))
        fixed = [Elem("Task", 1), Elem("Page", 0)][: random.randrange(3)]
        some = set(orbits.apart_from(cube, fixed))
        # The permutations that leave the fixed elements alone are those of the others.
        others = {s: [Elem(s, i) for i in range(3) if Elem(s, i) not in fixed] for s in ("Task", "Page")}
        reached = {
            orbits.renamed(
                image, dict(zip(others["Task"], t, strict=True)) | dict(zip(others["Page"], p, strict=True))
            )
            for image in some
            for t in permutations(others["Task"])
            for p in permutations(others["Page"])
        }
        assert reached == set(orbits.orbit(cube)) and some <= reached


def test_representatives_are_fewer() -> None:
    instance = faults("Task=3", "Page=3")
    grounded = Grounded(instance, representative=True)
    assert 3 * len(grounded.actions) < len(Grounded(instance).actions)
    assert all(is_in_order(parts_of(action)) for action in grounded.actions)


def test_lemmas_prove_as_much_with_representatives() -> None:
    """Of any lemmas the same are inductive, and prove the same, with all moves and with representatives."""
    instance, random = faults("Task=2", "Page=2"), Random(2)
    every, some = Problem(instance), Problem(instance, representative=True)
    cubes = _cubes(every)
    answers = set[bool]()
    for _ in range(5):
        part = random.sample(cubes, random.randrange(len(cubes) // 2, len(cubes) + 1))
        one, other = (Minimiser(problem, part, FastSat, lambda question: None) for problem in (every, some))
        kept = one.inductive()
        assert kept == other.inductive()
        for first, second in zip(_safety(every), _safety(some), strict=True):
            proved = one.closed(first, kept) is not None
            assert proved == (other.closed(second, kept) is not None), first.name
            answers.add(proved)
    assert answers == {True, False}


def _safety(problem: Problem) -> list[Target]:
    properties = problem.instance.system.properties
    return [t for t in problem.targets(properties) if isinstance(t.goal.prop, SAFETY)]


def _cubes(problem: Problem) -> list[Cube]:
    """The lemmas of all proofs of an instance, as cubes."""
    initial = problem.initial()
    assert initial is not None
    frames = Frames(problem, initial, FastSat, lambda question: None)
    Ic3(problem, frames, _safety(problem)).search()
    return [found.cube for found in frames.at(INDUCTIVE)]


# --- initial states --------------------------------------------------------------------------------------

BEGINNINGS = """
sort A = 3;
sort B = 2;
enum E { e0, e1, e2 }
state { A a[B] = any; A? b; 0..3 n; E e = any; set A s = any; bool done; }
init {
    choose A x where forall B i: a[i] != x;
    b = x;
    if (e == e1) { n = 2; } else { choose 0..3 m where m < 2; n = m; }
}
assume few: !(e == e2 && n == 1);
transition t() { done = true; }
"""


def test_initial_states_as_a_condition_are_the_same_states() -> None:
    problem, random = Problem(instance_of(BEGINNINGS)), Random(3)
    enumerated, beginning = problem.initial(), Beginning(problem, FastSat)
    assert enumerated is not None and not beginning.may_fail()
    places = [place for place in problem.places.all if place.count > 1]
    answers = set[bool]()
    for _ in range(300):
        chosen = random.sample(places, 4)
        cube = tuple(sorted((p.number, random.randrange(1, p.full)) for p in chosen))
        meets = beginning.meets(cube)
        answers.add(meets)
        assert meets == enumerated.meets(cube)
        if meets:
            assert beginning.some(cube) in problem.rows
        else:
            shut = beginning.shut_out(cube[:1], cube)
            assert set(shut) <= set(cube) and not beginning.meets(shut)
    assert answers == {True, False}


def test_more_initial_states_than_can_be_enumerated() -> None:
    """4^16 of them; the explicit engine refuses the instance, and a violation is not shown as certain."""
    source = """
        sort B = 4; sort F = 4; sort O = 4;
        state { B b[F][O] = any; bool moved; }
        transition move(F f, O o, F g, O q) { b[f][o] = b[g][q]; moved = true; }
        invariant kept(F f, O o): moved || true;
        invariant one(F f, F g, O o): b[f][o] == b[g][o];
    """
    spec = mmcheck.loads(source)
    with pytest.raises(mmcheck.SpecError, match="E505"):
        session.instantiate(spec, spec.checks[0])
    outcome = session.verify_check(spec, spec.checks[0], session.Options(engine="ic3"))
    verdicts = {each.prop.name: each.verdict for each in outcome.properties}
    assert isinstance(verdicts["kept"], Proved)
    assert isinstance(verdicts["one"], Unknown) and "not looked for" in verdicts["one"].reason


# --- lifting ---------------------------------------------------------------------------------------------


def test_lemmas_are_read_for_more_elements() -> None:
    source = "sort A = %d; state { A? o; set A s; bool x[A]; } transition t(A a) { o = a; }"
    small, large = (Places(instance_of(source % size)) for size in (2, 4))
    orbits = Orbits(small)
    o, members, x = 0, (1, 2), 3
    assert lifted(((o, 0b001),), orbits, large) == (((o, 0b00001),),)
    assert lifted(((o, 0b110),), orbits, large) == (((o, 0b11110),),)
    assert lifted(((o, 0b010),), orbits, large) == (((o, 0b00010),), ((o, 0b11010),))
    assert lifted(((members[0], 2), (x, 1)), orbits, large) == (((1, 2), (5, 1)),)


def test_what_is_lifted_is_proved_for_every_action() -> None:
    """The certificate that is written speaks of all actions and all lemmas, and solvers agree with it."""
    instance = faults("Task=3", "Page=3")
    found = proofs(instance)
    assert len(found) == len([p for p in instance.system.properties if isinstance(p, SAFETY)])
    prover = Prover(instance, tuple(prop.name for prop in instance.system.properties))
    for prop, evidence in found.items():
        for obligation in prover.obligations(prop, (), evidence, by_transition=False):
            assert settle(obligation.text, 60) is obligation.expected, (prop.name, obligation.name)


def test_climbing_is_no_evidence() -> None:
    """What holds for two elements and not for three is found to be violated."""
    source = """
        sort T = 4; sort P = 4;
        state { bool x[T]; T? a; T? b; bool bad; }
        transition set_x(T t, P p, P q) { x[t] = true; }
        transition look(T t, T u, T v) {
            require x[t] && x[u] && x[v] && t != u && u != v && t != v;
            bad = true;
        }
        invariant good: !bad;
    """
    instance = instance_of(source)
    answer = Ic3Engine().check(instance, ("no model error", "good"), Limits(), nothing)
    verdict = answer.verdicts["good"]
    assert isinstance(verdict, Violated) and verdict.trace is not None and verdict.trace.length == 4


def test_proofs_in_common_are_no_weaker() -> None:
    """A lemma taken out of one of several proofs that are certified together is missed."""
    instance = faults("Task=2", "Page=2")
    names = tuple(prop.name for prop in instance.system.properties)
    found = proofs(instance)
    prop, evidence = max(found.items(), key=lambda both: len(both[1].lemmas))
    refused = 0
    for i in range(len(evidence.lemmas)):
        lemmas, texts = evidence.lemmas, evidence.texts
        forged = replace(evidence, lemmas=lemmas[:i] + lemmas[i + 1 :], texts=texts[:i] + texts[i + 1 :])
        prover = Prover(instance, names, [Claim(prop, (), forged), Claim(prop, (), Inductive())])
        with pytest.raises(CertificationError):
            prover.prove(prop, (), forged)
        refused += 1
    assert refused >= 3


def check_by_way_of_smaller_ones(text: str) -> None:
    """A random system with three elements, judged by what is found for two."""
    spec = load(text.replace("sort A = 2;", "sort A = 3;"))
    instance, expected = small_instance(spec, spec.checks[0])
    if not expected.depths:
        return
    names = tuple(prop.name for prop in instance.system.properties)
    answer = Ic3Engine(few_actions=0).check(instance, names, Limits(timeout=20), nothing)
    certifier = Certifier(instance, reproof(instance, names, answer.verdicts))
    for prop in instance.system.properties:
        verdict = answer.verdicts[prop.name]
        if isinstance(verdict, Proved | Violated):
            certifier.certify(prop, verdict)
            assert isinstance(verdict, Proved) == expected.judgements[prop.name].holds, (prop.name, text)


@settings(SHORT, max_examples=20)
@given(text=specs())
def test_random_systems_are_judged_alike_by_way_of_smaller_ones(text: str) -> None:
    check_by_way_of_smaller_ones(text)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@LONG
@given(text=specs())
def test_many_random_systems_are_judged_alike_by_way_of_smaller_ones(text: str) -> None:
    check_by_way_of_smaller_ones(text)
