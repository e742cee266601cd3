"""IC3: its parts against brute force, its lemmas against a fresh proof, its answers against other orders."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from random import Random

import pytest

import mmcheck
from mmcheck import session
from mmcheck.core.certify import CertificationError, Certifier, UnsettledError
from mmcheck.core.codes import decode
from mmcheck.core.instance import Instance, State
from mmcheck.core.outcome import CheckOutcome
from mmcheck.core.semantics import at, denote
from mmcheck.core.symmetry import group, permute_state
from mmcheck.core.system import Invariant, NoModelError
from mmcheck.core.types import domain
from mmcheck.core.verdict import Inductive, Proved, Unknown, Violated
from mmcheck.engines.engine import Limits, Progress
from mmcheck.engines.limits import TimeLeft
from mmcheck.engines.registry import ENGINES, reproof
from mmcheck.engines.symbolic.certificate import Prover
from mmcheck.engines.symbolic.ic3.cubes import Cube, Orbits, holds
from mmcheck.engines.symbolic.ic3.engine import Ic3Engine
from mmcheck.engines.symbolic.ic3.initial import Initial
from mmcheck.engines.symbolic.ic3.justify import Justification
from mmcheck.engines.symbolic.ic3.lemmas import lemma, text
from mmcheck.engines.symbolic.ic3.minisat import MiniSat
from mmcheck.engines.symbolic.ic3.places import Places
from mmcheck.engines.symbolic.ic3.problem import Problem
from mmcheck.engines.symbolic.ic3.sat import FastSat, PlainSat, Sat
from mmcheck.engines.symbolic.solver import LimitError
from mmcheck.report.invariant import needed_by
from mmcheck.session import Options

ROOT = Path(__file__).parents[2]
FAULTS = ROOT / "benchmarks" / "models" / "page_faults.mmc"

TYPES = """
sort A = 3;
sort B = 2;
enum E { e0, e1, e2, e3 }
struct S { bool f; B? g; }
state {
    bool x; 0..4 n; -1..1? m; E e; E? o; A a = any; B? b; A? c[B];
    set A s; set E t; set 2..4 u; S r[A]; bool w[A][B];
}
process p(A q, B v) { local A? l; step one { l = q; } step two { x = true; } step three { exit; } }
"""


def instance_of(source: str, *settings: str) -> Instance:
    spec = mmcheck.loads(source, settings=settings)
    return session.instantiate(spec, spec.checks[0])[1]


def some_states(instance: Instance, random: Random, count: int) -> list[State]:
    values = [list(domain(cell.type, instance.sizes)) for cell in instance.cells]
    return [tuple(random.choice(own) for own in values) for _ in range(count)]


def some_cube(places: Places, random: Random) -> Cube:
    chosen = random.sample(places.all, 4)
    masks = {p.number: random.randrange(1, p.full) for p in chosen if p.count > 1}
    return tuple(sorted(masks.items()))


# --- its parts against brute force -----------------------------------------------------------------------


def test_rows_are_states() -> None:
    instance = instance_of(TYPES)
    places = Places(instance)
    for state in some_states(instance, Random(1), 200):
        row = places.row(state)
        assert places.state(row) == state
        codes = zip(places.codes(row), instance.cells, strict=True)
        assert tuple(decode(code, cell.type) for code, cell in codes) == state


def test_the_orbit_of_a_cube_is_what_permutations_make_of_it() -> None:
    """And the lemma as a term is false in exactly the states of the orbit."""
    instance, random = instance_of(TYPES), Random(2)
    orbits = Orbits(Places(instance))
    permutations = group(instance.sizes)
    met = 0
    for _ in range(40):
        cube = some_cube(orbits.places, random)
        term = lemma(cube, orbits)
        meaning = denote(term, instance)
        assert orbits.orbit_size(cube) >= len(orbits.orbit(cube))
        for state in some_states(instance, random, 8):
            images = (orbits.places.row(permute_state(instance, state, p)) for p in permutations)
            inside = any(holds(cube, row) for row in images)
            met += inside
            row = orbits.places.row(state)
            assert any(holds(image, row) for image in orbits.orbit(cube)) == inside
            assert meaning(at(state, {})) is not inside, text(term)
    assert met > 15


def test_lemmas_are_read_as_they_are_written() -> None:
    """The text of a lemma, pasted into the spec, means what its term means."""
    instance, random = instance_of(TYPES), Random(3)
    orbits = Orbits(Places(instance))
    terms = [lemma(some_cube(orbits.places, random), orbits) for _ in range(50)]
    pasted = "".join(f"invariant lemma_{i}: {text(term)};\n" for i, term in enumerate(terms))
    read = [p for p in instance_of(TYPES + pasted).system.properties if isinstance(p, Invariant)]
    assert len(read) == len(terms)
    states = some_states(instance, random, 25)
    for term, prop in zip(terms, read, strict=True):
        meanings = denote(term, instance), denote(prop.body, instance)
        for state in states:
            assert meanings[0](at(state, {})) == meanings[1](at(state, {})), text(term)


def test_lemmas_read_like_a_review() -> None:
    instance = instance_of("""
        sort T = 3; enum E { a, b, c, d } state { bool x[T]; E e; 0..5 n; T? o; set T s; }
        process p(T q) { step one { x[q] = true; } step two { x[q] = false; } step three { exit; } }
    """)
    orbits = Orbits(Places(instance))

    def place(name: str) -> int:
        return next(p.number for p in orbits.places.all if repr(p.cell) == name)

    first_in, e, n, o = place("s"), place("e"), place("n"), place("o")
    for cube, expected in (
        ([(place("x[T#0]"), 2), (place("x[T#1]"), 1)], "forall T t, T t2 where t != t2: !(x[t] && !x[t2])"),
        ([(e, 0b0010)], "e != b"),
        ([(e, 0b1011)], "e == c"),
        ([(n, 0b111000)], "!(3 <= n)"),
        ([(n, 0b011010)], "!(n in {1, 3, 4})"),
        ([(o, 0b0010)], "forall T t: o != t"),
        ([(o, 0b1100)], "forall T t: !(o != null && o != t)"),
        ([(first_in, 2), (first_in + 1, 1)], "forall T t, T t2 where t != t2: !(t in s && !(t2 in s))"),
        ([(place("p[T#2] at"), 0b0110)], "forall T t: !(p[t] at two || p[t] at three)"),
    ):
        assert text(lemma(tuple(sorted(cube)), orbits)) == expected


def test_circuits_have_the_values_of_the_graph() -> None:
    """Every guard, update and predicate of the cases, in random states."""
    random = Random(4)
    for case in sorted((ROOT / "tests" / "cases" / "verdict").glob("*.mmc"))[::3]:
        spec = mmcheck.load(case)
        problem = Problem(session.instantiate(spec, spec.checks[0])[1])
        for state in some_states(problem.instance, random, 4):
            row = problem.places.row(state)
            for move in problem.moves:
                if problem.is_true(move.enabled, row):
                    target = problem.places.state(problem.step(move, row))
                    teller = Certifier(problem.instance).dynamics
                    steps = teller.steps(state, move.ground.action)
                    assert target in [getattr(step, "target", None) for step in steps]


def test_justification_suffices() -> None:
    """In every state that agrees with the literals, the condition has the value that it had."""
    spec, random = mmcheck.load(FAULTS), Random(5)
    problem = Problem(session.instantiate(spec, spec.checks[1])[1])
    properties = problem.instance.system.properties
    nodes = [move.enabled for move in problem.moves] + [t.bad for t in problem.targets(properties)]
    for state in some_states(problem.instance, random, 15):
        row = problem.places.row(state)
        for node in nodes:
            justification = Justification(problem.circuit, problem.circuit.values(row))
            justification.justify(node)
            cube = justification.cube()
            assert holds(cube, row)
            for other in some_states(problem.instance, random, 3):
                mixed = list(problem.places.row(other))
                for number, mask in cube:
                    allowed = [v for v in range(problem.places.all[number].count) if mask >> v & 1]
                    mixed[number] = random.choice(allowed)
                assert problem.is_true(node, tuple(mixed)) == problem.is_true(node, row)


def test_bad_states_are_permutations_of_those_that_are_looked_for() -> None:
    random = Random(8)
    spec = mmcheck.load(FAULTS, ("Task=3", "Page=2"))
    problem = Problem(session.instantiate(spec, spec.checks[0])[1])
    permutations = group(problem.instance.sizes)
    smaller = 0
    for target in problem.targets(problem.instance.system.properties):
        smaller += target.bad != target.all
        for state in some_states(problem.instance, random, 25):
            images = [
                problem.places.row(permute_state(problem.instance, state, permutation))
                for permutation in permutations
            ]
            looked_for = any(problem.is_true(target.bad, row) for row in images)
            assert looked_for == problem.is_true(target.all, images[0])
    assert smaller >= 2


def test_initial_states_are_kept_exactly() -> None:
    random = Random(6)
    everything = list(product(range(2), range(3), range(2), range(2)))
    for _ in range(200):
        base = random.sample(everything, random.randrange(1, 6))
        rows = sorted({(*row[:3], x) for row in base for x in (0, 1)} if random.random() < 0.5 else set(base))
        initial = Initial.of(rows)
        for _ in range(10):
            masks = [
                random.randrange(1, 4),
                random.randrange(1, 8),
                random.randrange(1, 4),
                random.randrange(1, 4),
            ]
            cube = tuple(enumerate(masks))
            found = initial.some(cube)
            assert initial.meets(cube) == any(holds(cube, row) for row in rows)
            assert found is None or (found in rows and holds(cube, found))


@pytest.mark.parametrize("make", [FastSat, MiniSat])
def test_all_ways_to_a_solver_agree(make: Callable[[], Sat]) -> None:
    random = Random(7)
    for _ in range(40):
        plain, fast = PlainSat(), make()
        variables = [(plain.new(), fast.new())[0] for _ in range(12)]
        for _ in range(35):
            clause = [random.choice((1, -1)) * v for v in random.sample(variables, 3)]
            plain.add(clause)
            fast.add(clause)
        for _ in range(5):
            assumed = [random.choice((1, -1)) * v for v in random.sample(variables, 6)]
            answer = fast.solve(assumed)
            assert answer == plain.solve(assumed)
            if not answer:
                assert fast.core() <= set(assumed) and not fast.solve(sorted(fast.core()))
            else:
                values = fast.values(variables)
                assert all(values[abs(v) - 1] == (v > 0) for v in assumed)


# --- its proofs ------------------------------------------------------------------------------------------


def verified(path: Path, check: str, *settings: str) -> CheckOutcome:
    spec = mmcheck.load(path, settings)
    return mmcheck.verify(spec, Options(engine="ic3", checks=(check,))).checks[0]


def proofs(outcome: CheckOutcome) -> Iterator[tuple[str, Inductive]]:
    for each in outcome.properties:
        if isinstance(each.verdict, Proved) and isinstance(each.verdict.evidence, Inductive):
            yield each.prop.name, each.verdict.evidence


def test_an_invariant_can_be_pasted_and_proved() -> None:
    """The lemmas, pasted into the spec as invariants, prove the property by plain induction."""
    outcome = verified(FAULTS, "tiny")
    lemmas = needed_by(outcome)
    assert len(lemmas) > 3
    pasted = "".join(f"invariant lemma_{i}: {written};\n" for i, written in enumerate(lemmas))
    spec = mmcheck.loads(FAULTS.read_text() + pasted)
    check = next(c for c in spec.checks if c.name == "tiny")
    check, instance = session.instantiate(spec, check)
    read = [p for p in instance.system.properties if isinstance(p, Invariant) and p.name.startswith("lemma_")]
    evidence = Inductive(tuple(p.body for p in read), tuple(lemmas))
    for name, _ in proofs(outcome):
        prop = next(p for p in instance.system.properties if p.name == name)
        Prover(instance, check.properties).prove(prop, (), evidence)


def test_no_lemma_can_be_left_out() -> None:
    """Without one of the lemmas of a proof, whichever, the proof is refused."""
    outcome = verified(FAULTS, "tiny")
    certifier = Certifier(outcome.instance, reproof(outcome.instance, outcome.check.properties))
    left_out = 0
    for name, evidence in list(proofs(outcome))[:2]:
        prop = next(p for p in outcome.instance.system.properties if p.name == name)
        assert certifier.certify(prop, Proved(evidence)) == Proved(evidence)
        for i in range(0, len(evidence.lemmas), 3):
            forged = Inductive(
                evidence.lemmas[:i] + evidence.lemmas[i + 1 :], evidence.texts[:i] + evidence.texts[i + 1 :]
            )
            left_out += 1
            with pytest.raises(CertificationError):
                certifier.certify(prop, Proved(forged))
    assert left_out > 3


@pytest.mark.parametrize("size", [3, 4])
def test_the_invariant_does_not_grow_with_the_sorts(size: int) -> None:
    outcome = verified(
        ROOT / "benchmarks" / "models" / "memfd_pins.mmc", "tiny", f"Task={size}", f"Page={size}"
    )
    assert len(needed_by(outcome)) <= 2
    assert all(isinstance(each.verdict, Proved) for each in outcome.properties)


# --- its answers do not depend on how they were found ----------------------------------------------------

MIXED = """
sort T = 2;
state { bool lock; bool inside[T]; 0..6 turns; bool broken; }
transition enter(T t) { require !lock; lock = true; inside[t] = true; }
transition leave(T t) { require inside[t]; lock = false; inside[t] = false; }
transition turn() { if (turns == 6) { turns = 0; broken = true; } else { turns = turns + 1; } }
invariant exclusive(T t, T u): inside[t] && inside[u] => t == u;
invariant locked(T t): inside[t] => lock;
invariant never_broken: !broken;
step invariant no_way_back: broken => broken';
reachable two_inside(T t, T u): inside[t] && inside[u] && t != u;
reachable some_inside(T t): inside[t] && turns == 3;
deadlock free;
"""


def nothing(progress: Progress) -> None:
    pass


def judged(engine: Ic3Engine) -> dict[str, tuple[str, int | None]]:
    instance = instance_of(MIXED)
    names = tuple(p.name for p in instance.system.properties)
    answer = engine.check(instance, names, Limits(), nothing)
    certifier = Certifier(instance, reproof(instance, names))
    found: dict[str, tuple[str, int | None]] = {}
    for prop in instance.system.properties:
        verdict = certifier.certify(prop, answer.verdicts[prop.name])
        trace = verdict.trace if isinstance(verdict, Violated) else None
        found[prop.name] = type(verdict).__name__, None if trace is None else trace.length
    return found


def test_the_answer_does_not_depend_on_the_way() -> None:
    """With little effort a round, so that all are looked at one by one; and through z3's own classes."""
    expected = judged(Ic3Engine())
    assert expected == {
        "no model error": ("Proved", None),
        "exclusive": ("Proved", None),
        "locked": ("Proved", None),
        "never_broken": ("Violated", 7),
        "no_way_back": ("Proved", None),
        "two_inside": ("Violated", None),
        "some_inside": ("Proved", None),
        "deadlock free": ("Proved", None),
    }
    assert judged(Ic3Engine(first_round=5)) == expected
    assert judged(Ic3Engine(make=PlainSat)) == expected


def test_it_does_not_depend_on_hashes() -> None:
    """The same lemmas in the same order in another process with another hash seed."""
    command = [sys.executable, "-m", "mmcheck", "verify", str(FAULTS), "--check", "tiny", "--engine", "ic3"]
    shown = subprocess.run(
        [*command, "--show-invariant"],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    lemmas = re.findall(r"invariant \w+: (.*);", shown.stdout)
    assert lemmas == list(needed_by(verified(FAULTS, "tiny")))


def test_a_deep_counterexample_may_be_beyond_the_limit() -> None:
    instance = instance_of(MIXED)
    answer = ENGINES["ic3"]().check(instance, ("never_broken",), Limits(max_depth=6), nothing)
    assert isinstance(answer.verdicts["never_broken"], Unknown)
    answer = ENGINES["ic3"]().check(instance, ("never_broken",), Limits(max_depth=7), nothing)
    assert isinstance(answer.verdicts["never_broken"], Violated)


def test_the_time_limit_ends_what_comes_before_and_after_the_search() -> None:
    """Grounding, symmetry and scripts take the time of a large instance."""
    instance = instance_of(MIXED)

    def stop() -> None:
        raise LimitError("it is over")

    with pytest.raises(LimitError):
        Problem(instance, look=stop)
    problem = Problem(instance)
    problem.look = stop
    with pytest.raises(LimitError):
        problem.targets(instance.system.properties)
    names = tuple(p.name for p in instance.system.properties)
    verdict = ENGINES["ic3"]().check(instance, names, Limits(), nothing).verdicts["no model error"]
    assert isinstance(verdict, Proved) and isinstance(verdict.evidence, Inductive)
    prover = Prover(instance, names, time=TimeLeft(0.0))
    with pytest.raises(UnsettledError):
        prover.prove(NoModelError(), (), verdict.evidence)


def test_numbers_that_are_too_wide_are_left_to_others() -> None:
    instance = instance_of("state { 0..9000 x; 0..9000 y; } invariant i: x <= y + 1;")
    verdict = ENGINES["ic3"]().check(instance, ("i",), Limits(), nothing).verdicts["i"]
    assert isinstance(verdict, Unknown) and not verdict.limit and "too many values" in verdict.reason


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("path", sorted((ROOT / "specs").glob("*.mmc")), ids=lambda path: path.stem)
def test_specs(path: Path) -> None:
    """Every check of every spec ends as it expects, but for liveness."""
    outcome = mmcheck.verify(mmcheck.load(path), Options(engine="ic3"))
    for check in outcome.checks:
        for each in check.properties:
            if not isinstance(each.verdict, Unknown) or each.verdict.limit:
                assert each.ending.name == "AS_EXPECTED", (check.check.name, each.prop.name, each.verdict)
