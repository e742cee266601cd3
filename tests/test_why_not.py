"""`mmcheck why-not`: the state that lacks least, what is never true, and the way where there is one."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import mmcheck
from mmcheck.cli.group import mmcheck as command_line
from mmcheck.core.certify import replay
from mmcheck.core.semantics import at, denote
from mmcheck.core.system import Reachable
from mmcheck.exploring.conjuncts import cases, missing, parts
from mmcheck.exploring.near_miss import GOAL, with_goal
from mmcheck.session import instantiate

ROOT = Path(__file__).parent.parent
SEAL = "docs/examples/seal.mmc"
LOCKS = """\
sort Task = 2;
state { bool a[Task]; bool b[Task]; 0..2 n; }
transition ta(Task t) { require !b[t] && n < 2; a[t] = true; n = n + 1; }
transition tb(Task t) { require !a[t] && n < 2; b[t] = true; n = n + 1; }
"""


@pytest.fixture
def locks(tmp_path: Path) -> Path:
    path = tmp_path / "locks.mmc"
    path.write_text(LOCKS, encoding="utf-8")
    return path


def test_the_nearest_miss(locks: Path) -> None:
    (miss,) = mmcheck.why_not(locks, "exists Task t: a[t] && b[t] && n > 0")
    assert miss.unreachable and miss.complete and miss.reached is None
    assert miss.trace is not None and miss.trace.length == 1
    replay(miss.check.instance, miss.trace)
    assert [part.holds for part in miss.parts].count(False) == 1
    assert miss.never == ()
    assert [(one.text, other.text) for one, other in miss.apart] == [("a[t]", "b[t]")]


def test_what_is_never_true(locks: Path) -> None:
    (miss,) = mmcheck.why_not(locks, "forall Task t: a[t] && n > 2")
    assert [label.text for label in miss.never] == ["n > 2", "n > 2"]
    assert [dict(label.bindings).keys() for label in miss.never] == [{"t"}, {"t"}]
    assert miss.apart == ()


def test_unequal_is_one_operator(locks: Path) -> None:
    (miss,) = mmcheck.why_not(locks, "(n != 0 && n == 0) && !(n != 1)")
    assert [(label.text, label.positive) for label in miss.never] == []
    told = {frozenset(((one.text, one.positive), (other.text, other.positive))) for one, other in miss.apart}
    assert frozenset((("n != 0", True), ("n == 0", True))) in told
    assert frozenset((("n == 0", True), ("(n != 1)", False))) in told


def test_a_way_where_there_is_one(locks: Path) -> None:
    (miss,) = mmcheck.why_not(locks, "exists Task t, u: a[t] && b[u];")
    assert miss.reached is not None and miss.reached.length == 2
    assert not miss.unreachable


GOALS = [
    "a_ && b_",
    "exists Task t: a[t] && b[t]",
    "(forall Task t: a[t]) && exists Task t: b[t]",
    "!(exists Task t: a[t]) && n > 1 && !(forall Task t: b[t])",
    "(exists Task t: a[t] => b[t]) && (n == 2 || n == 1)",
    "!(a_ => b_) && (count Task t: a[t]) == 2",
    "forall Task t where a[t]: b[t]",
    "(n > 1 ? a_ : b_) && a_ <=> b_",
]


@pytest.mark.parametrize("goal", GOALS)
def test_conjuncts_say_what_the_goal_says(goal: str) -> None:
    """In every state: the goal is true where nothing is missing, and where some case has all."""
    spec = with_goal(
        mmcheck.loads(LOCKS + "def f() = n;"), goal.replace("a_", "(n > 0)").replace("b_", "(f() < 2)")
    )
    _, instance = instantiate(spec, spec.checks[0])
    (body,) = (p.body for p in instance.system.properties if isinstance(p, Reachable) and p.name == GOAL)
    meaning = denote(body, instance)
    labels = set()
    for bits in range(16):
        for n in range(3):
            state = (*(bool(bits >> i & 1) for i in range(4)), n)
            truth = bool(meaning(at(state, {})))
            assert (missing(parts(body, state, instance)) == 0) is truth
            found = cases(body, state, instance)
            assert any(all(case.values()) for case in found) is truth
            labels |= {frozenset(case) for case in found}
    assert len(set().union(*labels)) == max(map(len, labels)), "the conjuncts are the same everywhere"


def test_never_together_is_true_of_all_states(locks: Path) -> None:
    goal = "n == 2 && exists Task t: a[t] && !b[t] && n == 0"
    (miss,) = mmcheck.why_not(locks, goal)
    told = {frozenset((one.text, other.text)) for one, other in miss.apart}
    states = [
        (a, b, n)
        for n, rows in {0: [(0, 0)], 1: [(1, 0), (0, 1)], 2: [(2, 0), (1, 1), (0, 2)]}.items()
        for a, b in rows
    ]
    truth = {
        "n == 2": lambda a, b, n: n == 2,
        "a[t]": lambda a, b, n: a > 0,
        "n == 0": lambda a, b, n: n == 0,
    }
    for one, other in combinations(truth, 2):
        apart = not any(truth[one](*s) and truth[other](*s) for s in states)
        assert (frozenset((one, other)) in told) is apart


def why_not(*args: str) -> Result:
    return CliRunner().invoke(command_line, ["why-not", *args], prog_name="mmcheck")


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_text() -> None:
    result = why_not(SEAL, "sealed && exists Task t: pinned[t]", "--check", "waits")
    assert result.exit_code == 1
    assert (
        "lacks 1 of 2:\n  ok    sealed\n  FAIL  pinned[t] (t = Task#0)\n        pinned[Task#0] = false\n"
        in result.stdout
    )
    assert "never both in any reachable state:\n  sealed and pinned[t]\n" in result.stdout
    assert result.stderr == "mmcheck: FAIL: not reachable in check waits\n"


def test_reached() -> None:
    result = why_not(SEAL, "sealed && data == 1")
    assert result.exit_code == 0
    assert "It is reached, in 5 steps at least:" in result.stdout
    assert result.stderr == "mmcheck: OK: reached in 5 steps in check naive\n"


def test_a_limit() -> None:
    result = why_not(SEAL, "sealed && exists Task t: pinned[t]", "--check", "waits", "--max-states", "5")
    assert result.exit_code == 3
    assert "The search for it ended early: the limit of 5 states was reached." in result.stdout
    assert "in any state that was visited" in result.stdout


def test_json() -> None:
    result = why_not(SEAL, "sealed && exists Task t: pinned[t]", "--check", "waits", "--format", "json")
    (check,) = json.loads(result.stdout)["checks"]
    assert check["unreachable"] and not check["reached"]
    assert [c["holds"] for c in check["conjuncts"]] == [True, False]
    assert check["never_true_together"] == [["sealed", "pinned[t]"]]
    assert check["trace"]["length"] == 1


@pytest.mark.parametrize(
    ("goal", "said"),
    [
        ("sealed &&", "error[E100]"),
        ("seled", "there is no"),
        ("data", "error[E300]"),
        ("sealed; invariant x: true", "error[E100]"),
        ("sealed'", "error[E405]"),
        ("", "error[E100]"),
    ],
)
def test_a_goal_with_errors(goal: str, said: str) -> None:
    result = why_not(SEAL, goal)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize(
    ("goal", "place", "shown"),
    [
        ("seled && true", "EXPR:1:1: error[E200]", "seled && true"),
        ("sealed &&", "EXPR:1:10: error[E100]: this is not yet an expression", "sealed &&"),
        ("sealed &&\n  seled;", "EXPR:2:3: error[E200]", "  seled"),
        ("sealed = true", "EXPR:1:8: error[E103]", "sealed = true"),
        ("invariant x: sealed", "EXPR:1:1: error[E100]", "invariant x: sealed"),
    ],
)
def test_errors_are_told_of_what_was_written(goal: str, place: str, shown: str) -> None:
    """The declaration that an expression is read in is nothing that a user has seen."""
    said = why_not(SEAL, goal).stderr
    assert place in said
    assert f"| {shown}\n" in said
    assert "reachable" not in said


def test_a_comment_may_stand_behind_a_goal() -> None:
    assert why_not(SEAL, "sealed // at last").exit_code == 0


def test_a_spec_with_errors() -> None:
    assert why_not("nowhere.mmc", "true").exit_code == 2
    assert why_not(SEAL, "true", "--check", "nothing").exit_code == 2
