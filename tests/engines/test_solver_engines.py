"""The solver engines are right in what they say, say so within limits, and are refused when they are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from agreement import blame_is_true, length_of, small_instance
from hypothesis import HealthCheck, Phase, given, settings
from oracle import Truth, truth
from strategies import specs

import mmcheck
from mmcheck import session
from mmcheck.core.certify import CertificationError, Certifier
from mmcheck.core.instance import Instance
from mmcheck.core.outcome import CheckOutcome
from mmcheck.core.system import Liveness, Property
from mmcheck.core.terms import Literal, Term
from mmcheck.core.types import BOOL
from mmcheck.core.verdict import Inductive, Proved, Unknown, Violated
from mmcheck.engines.engine import Answer, Limits, Progress
from mmcheck.engines.registry import ENGINES, EXHAUSTIVE, reproof
from mmcheck.engines.symbolic.bmc import BmcEngine
from mmcheck.engines.symbolic.first_use import mentioned
from mmcheck.session import Options, instantiate

SOLVERS = [name for name in ENGINES if name not in (*EXHAUSTIVE, "auto")]
CASES = sorted((Path(__file__).parents[1] / "cases" / "verdict").glob("*.mmc"))

COUNTER = """
state { 0..20 x; 0..3 y; }
transition up() { require x < 20; x = x + 1; }
transition wrap() { require x == 20; x = 0; }
transition other(0..3 v) { y = v; }
invariant bounded: x <= 20;
invariant below_seven: x < 7;
step invariant slow: x' <= x + 1;
step invariant never_wraps: by(wrap) => false;
reachable five: x == 5;
reachable impossible: x == 5 && y == 4;
deadlock free;
"""

NINE = Limits(max_depth=9)


def nothing(progress: Progress) -> None:
    pass


def instance_of(text: str) -> Instance:
    spec = mmcheck.loads(text)
    return instantiate(spec, spec.checks[0])[1]


def names(instance: Instance) -> tuple[str, ...]:
    return tuple(p.name for p in instance.system.properties)


def run(engine: str, text: str = COUNTER, limits: Limits = NINE) -> Answer:
    instance = instance_of(text)
    return ENGINES[engine]().check(instance, names(instance), limits, nothing)


# --- they agree with the oracle --------------------------------------------------------------------------


def wrong_verdicts(outcome: CheckOutcome, expected: Truth) -> list[str]:
    """What an engine claims, and is not so. That it does not know is right of anything."""
    wrong: list[str] = []
    for each in outcome.properties:
        verdict, name = each.verdict, each.prop.name
        if isinstance(verdict, Unknown) or name not in expected.judgements:
            continue
        right = expected.judgements[name]
        if isinstance(verdict, Proved) != right.holds:
            wrong.append(f"{name}: {verdict}, and it is {right}")
        elif (length := length_of(verdict)) is not None and right.length not in (None, length):
            wrong.append(f"{name}: a run of {length} steps, and the shortest has {right.length}")
    return wrong + blame_is_true(outcome)


def missed(outcome: CheckOutcome, expected: Truth, depth: int) -> list[str]:
    """The violations and witnesses no longer than `depth` that an engine did not find."""
    found: list[str] = []
    for each in outcome.properties:
        right = expected.judgements.get(each.prop.name)
        shown = right is not None and right.length is not None and right.length <= depth
        if shown and isinstance(each.verdict, Unknown) and not isinstance(each.prop, Liveness):
            found.append(f"{each.prop.name}: {each.verdict}, and it is {right}")
    return found


@pytest.mark.parametrize("engine", SOLVERS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case(case: Path, engine: str) -> None:
    outcome = mmcheck.verify(mmcheck.load(case), Options(engine=engine, limits=Limits(max_depth=5)))
    assert outcome.diagnostics == ()
    for check in outcome.checks:
        expected = truth(check.instance)
        assert wrong_verdicts(check, expected) == [], check.check.name
        assert missed(check, expected, 5) == [], check.check.name


def check_engines(text: str) -> None:
    spec = mmcheck.loads(text)
    _, expected = small_instance(spec, spec.checks[0])
    if not expected.depths and expected.judgements["no model error"].holds:
        return
    for engine in SOLVERS:
        options = Options(engine=engine, limits=Limits(max_depth=3, timeout=60))
        outcome = session.verify_check(spec, spec.checks[0], options)
        assert wrong_verdicts(outcome, expected) == [], f"{engine}\n{text}"
        assert missed(outcome, expected, 3) == [], f"{engine}\n{text}"


SHORT = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


def test_random_specs() -> None:
    SHORT(given(specs())(check_engines))()


@pytest.mark.slow
@pytest.mark.timeout(7_200)
def test_many_random_specs() -> None:
    settings(SHORT, max_examples=400)(given(specs())(check_engines))()


# --- symmetry --------------------------------------------------------------------------------------------


def lengths(answer: Answer) -> dict[str, int | None]:
    return {name: length_of(verdict) for name, verdict in answer.verdicts.items()}


def check_first_use(text: str) -> None:
    """Demanding an order of first uses changes no length."""
    instance = instance_of(text)
    limits = Limits(max_depth=4, timeout=60)
    with_it, without = (
        BmcEngine(symmetry).check(instance, names(instance), limits, nothing) for symmetry in (True, False)
    )
    assert lengths(with_it) == lengths(without), text


def test_first_use_changes_no_length_in_random_specs() -> None:
    SHORT(given(specs())(check_first_use))()


@pytest.mark.slow
@pytest.mark.timeout(7_200)
def test_first_use_changes_no_length_in_many_random_specs() -> None:
    settings(SHORT, max_examples=300)(given(specs())(check_first_use))()


QUEUE = """
sort Task = 3;
state { Task? first; Task? last; bool seen[Task]; Task chosen = any; }
transition enter(Task t, Task u) { require !seen[t] && t != u; seen[t] = true; last = t; first = u; }
transition leave(Task t) { require last == t; last = null; }
invariant not_all: exists Task t: !seen[t];
invariant first_is_not_last(Task t): first == t => last != t;
invariant chosen_comes_last(Task t): chosen == t && seen[t] => forall Task u: seen[u];
reachable last_is(Task t, Task u): last == t && first == u && t != u || t == u;
reachable others_seen(Task t): !seen[t] && forall Task u where u != t: seen[u];
deadlock free;
"""


def test_first_use_and_properties_that_name_elements() -> None:
    check_first_use(QUEUE)
    found = lengths(
        BmcEngine().check(instance_of(QUEUE), names(instance_of(QUEUE)), Limits(max_depth=5), nothing)
    )
    assert found["not_all"] == 3 and found["others_seen"] == 2 and found["chosen_comes_last"] == 1


def test_elements_are_mentioned_in_order() -> None:
    instance = instance_of(QUEUE)
    orders = {repr(action): mentioned(action) for action in instance.actions}
    assert [e.ordinal for e in orders["enter(Task#2, Task#0)"]] == [2, 0]
    assert [e.ordinal for e in orders["enter(Task#1, Task#1)"]] == [1]


# --- conduct ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", SOLVERS)
def test_shortest_counterexamples_and_witnesses(engine: str) -> None:
    verdicts = run(engine).verdicts
    violated = verdicts["below_seven"]
    assert isinstance(violated, Violated) and violated.trace is not None and violated.trace.length == 7
    assert length_of(verdicts["five"]) == 5  # type: ignore[arg-type]  # it is proved by a run
    assert isinstance(verdicts["never_wraps"], Unknown) and "depth 9" in verdicts["never_wraps"].reason


@pytest.mark.parametrize("engine", SOLVERS)
def test_a_depth_is_kept(engine: str) -> None:
    before, at = run(engine, limits=Limits(max_depth=6)), run(engine, limits=Limits(max_depth=7))
    assert isinstance(before.verdicts["below_seven"], Unknown)
    assert isinstance(at.verdicts["below_seven"], Violated)
    text = "state { 0..3 x; } transition up() { x = x + 1; }"
    assert isinstance(run(engine, text, Limits(max_depth=3)).verdicts["no model error"], Unknown)
    failed = run(engine, text, Limits(max_depth=4)).verdicts["no model error"]
    assert isinstance(failed, Violated) and failed.trace is not None and failed.trace.length == 4
    text = "state { 0..3 x; } transition up() { require x < 3; x = x + 1; } deadlock free;"
    assert isinstance(run(engine, text, Limits(max_depth=2)).verdicts["deadlock free"], Unknown)
    dead = run(engine, text, Limits(max_depth=3)).verdicts["deadlock free"]
    assert isinstance(dead, Violated) and dead.trace is not None and dead.trace.length == 3


@pytest.mark.parametrize("engine", SOLVERS)
def test_limits_and_interruption(engine: str) -> None:
    for limits, reason in ((Limits(timeout=0.0), "time limit"), (Limits(max_memory=1), "memory limit")):
        for verdict in run(engine, limits=limits).verdicts.values():
            assert isinstance(verdict, Unknown) and verdict.limit and reason in verdict.reason

    def interrupt(progress: Progress) -> None:
        if progress.phase not in ("", "grounding"):
            raise KeyboardInterrupt

    instance = instance_of(COUNTER)
    answer = ENGINES[engine]().check(instance, names(instance), Limits(), interrupt)
    assert answer.interrupted
    assert all(isinstance(v, Unknown) and "interrupted" in v.reason for v in answer.verdicts.values())


@pytest.mark.parametrize("engine", SOLVERS)
def test_progress_names_the_engine_and_what_it_is_about(engine: str) -> None:
    seen: list[Progress] = []
    instance = instance_of(COUNTER)
    ENGINES[engine]().check(instance, names(instance), Limits(max_depth=4), seen.append)
    assert seen and all(p.engine == engine and p.phase for p in seen)
    assert seen[-1].depth >= seen[0].depth


@pytest.mark.parametrize("engine", SOLVERS)
def test_no_initial_state(engine: str) -> None:
    nowhere = mmcheck.loads("state { bool x; } init { require x; } invariant fine: !x;")
    with pytest.raises(mmcheck.SpecError, match="E504"):
        session.verify_check(nowhere, nowhere.checks[0], Options(engine=engine))
    failing = run(engine, "state { 0..1 x; } init { assert x == 1; } invariant fine: x < 2;").verdicts
    assert isinstance(failing["no model error"], Violated)
    assert isinstance(failing["fine"], Unknown)


MOTIONLESS = """
sort Task = 2;
state {{ {variable}; bool held[Task]; }}
assume possible: on || !on;
transition start(Task t) {{ require on && !on; held[t] = true; }}
transition stop(Task t) {{ require held[t]; held[t] = false; }}
transition ruled_out() {{ require false; }}
invariant idle: forall Task t: !held[t];
"""


@pytest.mark.parametrize("engine", ["explicit", "kinduction", "ic3"])
@pytest.mark.parametrize("variable", ["bool on", "bool on = any; bool much[0..7] = any"])
def test_a_system_that_never_moves_is_suspicious(engine: str, variable: str) -> None:
    spec = mmcheck.loads(MOTIONLESS.format(variable=variable))
    outcome = session.verify_check(spec, spec.checks[0], Options(engine=engine))
    assert all(isinstance(p.verdict, Proved) for p in outcome.properties)
    told = [w.message.split("`")[1] for w in outcome.warnings if w.code == "W600"]
    assert told == ["start", "stop"]


@pytest.mark.parametrize("engine", ["kinduction", "ic3"])
def test_a_system_that_moves_at_last_is_not(engine: str) -> None:
    """The first initial states have no step, and the solver finds one that has."""
    text = "state { bool a[0..8] = any; bool b; } transition t() { require forall 0..8 i: a[i]; b = true; }"
    spec = mmcheck.loads(text)
    outcome = session.verify_check(spec, spec.checks[0], Options(engine=engine))
    assert outcome.warnings == ()


@pytest.mark.parametrize("engine", SOLVERS)
def test_liveness_is_not_decided(engine: str) -> None:
    verdict = run(engine, "state { bool x; } liveness l: eventually x;").verdicts["l"]
    assert isinstance(verdict, Unknown) and not verdict.limit


def test_a_question_that_takes_long_ends_with_the_time() -> None:
    text = """
    sort Hole = 10;
    state { Hole a[0..3] = any; Hole b[0..3] = any; Hole c[0..3] = any; bool done; }
    def apart() = (forall 0..3 i, 0..3 j: i != j => a[i] != a[j] && b[i] != b[j] && c[i] != c[j])
        && (forall 0..3 i, 0..3 j: a[i] != b[j] && b[i] != c[j] && a[i] != c[j]);
    transition end() { require apart(); done = true; }
    invariant never: !done;
    """
    answer = run("bmc", text, Limits(timeout=1.0))
    assert isinstance(answer.verdicts["never"], Unknown)
    assert answer.statistics.seconds < 20


# --- proofs ----------------------------------------------------------------------------------------------


def test_k_induction_proves_and_says_how() -> None:
    verdicts = run("kinduction", limits=Limits(max_depth=9)).verdicts
    assert verdicts["bounded"] == Proved(Inductive())
    assert isinstance(verdicts["slow"], Proved) and isinstance(verdicts["deadlock free"], Proved)
    absent = verdicts["impossible"]
    assert isinstance(absent, Violated) and absent.trace is None and isinstance(absent.evidence, Inductive)


HELPED = """
state { 0..9 x; 0..9 y; }
transition both() { require x < 9; x = x + 1; y = x; }
invariant equal: x == y;
invariant close: x <= y;
step invariant keeps: y' >= y;
"""

LATE = """
state { 0..5 x; }
transition tick() { require x < 2; x = x + 1; }
transition jump() { require x == 3; x = 4; }
transition end() { require x == 4; x = 5; }
invariant early: x != 5;
"""


def test_declared_invariants_help_and_are_named() -> None:
    verdicts = run("kinduction", HELPED).verdicts
    assert verdicts["equal"] == Proved(Inductive())
    keeps = verdicts["keeps"]
    assert isinstance(keeps, Proved) and isinstance(keeps.evidence, Inductive)
    assert keeps.evidence.texts == ("equal",) and keeps.evidence.depth == 1


def test_longer_paths_prove_more() -> None:
    instance = instance_of(LATE)
    proved = run("kinduction", LATE).verdicts["early"]
    assert proved == Proved(Inductive(depth=3))
    certifier = Certifier(instance, reproof(instance, names(instance)))
    certifier.certify(prop(instance, "early"), proved)
    with pytest.raises(CertificationError, match="paths"):
        certifier.certify(prop(instance, "early"), Proved(Inductive(depth=2)))


def test_a_helper_that_nobody_asked_about_is_used() -> None:
    instance = instance_of(HELPED)
    answer = ENGINES["kinduction"]().check(instance, ("keeps",), Limits(max_depth=3), nothing)
    verdict = answer.verdicts["keeps"]
    assert isinstance(verdict, Proved) and isinstance(verdict.evidence, Inductive)
    assert verdict.evidence.texts == ("equal",)
    assert set(answer.verdicts) == {"keeps"}


# --- forged certificates ---------------------------------------------------------------------------------


def prop(instance: Instance, name: str) -> Property:
    return next(p for p in instance.system.properties if p.name == name)


def term_of(instance: Instance, name: str) -> Term:
    found = prop(instance, name).body  # type: ignore[union-attr]  # an invariant's
    assert isinstance(found, Term)  # type: ignore[arg-type, misc]  # a union of classes
    return found


FALSE = Literal(False, BOOL)


@pytest.mark.parametrize(
    ("name", "lemmas", "depth"),
    [
        ("below_seven", (), 1),  # initiation and consecution: it is violated
        ("below_seven", (), 3),  # the paths
        ("below_seven", (FALSE,), 1),  # a lemma that is false at first
        ("never_wraps", (), 1),  # safety
        ("never_wraps", (), 2),
        ("bounded", (), 0),
        ("five", (), 1),  # a run exists, and nothing is proved by induction
    ],
)
def test_forged_proofs_are_refused(name: str, lemmas: tuple[Term, ...], depth: int) -> None:
    instance = instance_of(COUNTER)
    evidence = Inductive(lemmas, tuple("forged" for _ in lemmas), depth)
    certifier = Certifier(instance, reproof(instance, names(instance)))
    with pytest.raises(CertificationError):
        certifier.certify(prop(instance, name), Proved(evidence))
    certifier.certify(prop(instance, "bounded"), Proved(Inductive()))


def test_forged_absence_is_refused() -> None:
    instance = instance_of(COUNTER)
    certifier = Certifier(instance, reproof(instance, names(instance)))
    certifier.certify(prop(instance, "impossible"), Violated(None, (), "", Inductive()))
    with pytest.raises(CertificationError):
        certifier.certify(prop(instance, "five"), Violated(None, (), "", Inductive()))


def test_a_lemma_that_is_needed_cannot_be_left_out() -> None:
    instance = instance_of(HELPED)
    certifier = Certifier(instance, reproof(instance, names(instance)))
    certifier.certify(prop(instance, "keeps"), Proved(Inductive((term_of(instance, "equal"),), ("equal",))))
    with pytest.raises(CertificationError, match="safety"):
        certifier.certify(prop(instance, "keeps"), Proved(Inductive()))


def test_nothing_is_proved_without_an_initial_state() -> None:
    instance = instance_of("state { bool x; } init { require x; } invariant fine: !x;")
    with pytest.raises(CertificationError, match="initial_states"):
        Certifier(instance, reproof(instance, names(instance))).certify(
            prop(instance, "fine"), Proved(Inductive())
        )
