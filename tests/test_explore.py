"""The explorer: walks and reasons as values, and the screen with textual's pilot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import specs
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

import mmcheck
from mmcheck.cli.explorer import Explorer, save
from mmcheck.cli.group import mmcheck as command_line
from mmcheck.core.certify import replay
from mmcheck.core.trace import FailedStep, Step
from mmcheck.core.verdict import Proved, Violated
from mmcheck.exploring.reasons import why_not_enabled
from mmcheck.exploring.walk import Walk, traces

ROOT = Path(__file__).parent.parent
SEAL = ROOT / "docs" / "examples" / "seal.mmc"


def walk(check: str = "waits") -> Walk:
    return Walk.of(mmcheck.load(SEAL), check)


def take(found: Walk, *actions: str) -> Walk:
    """Take steps by the names of their actions."""
    for action in actions:
        found.take(next(s for s in found.enabled() if isinstance(s, Step) and repr(s.action) == action))
    return found


MAPPED = ("map(Task#0)", "pin(Task#0)", "unmap(Task#0)")


# --- reasons ---------------------------------------------------------------------------------------------


def reasons(text: str, *names: str) -> dict[str, str]:
    """Why each blocked action is, in the initial state."""
    found = Walk.of(mmcheck.loads(text))
    return {repr(action): reason.text() for action, reason in found.blocked()}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("require a && !b;", "a is false: a = false"),
        ("require !b; require n > 0 || a;", "n > 0 || a is false: n = 0, a = false"),
        ("n = 1; require n == 1 && a;", "a is false: a = false"),
        ("if (b) { } else { require a; }", "a is false: a = false"),
        ("choose 0..2 i where i > 2;", "no way through `choose 0..2 i where i > 2;`"),
        ("choose 0..2 i; require i > 2;", "i > 2 is false"),
        ("forall 0..1 i { require m[i]; m[i] = true; }", "no way through"),
        ("require !(a || !b);", "b is false: b = false"),
        ("let x = n; require x == 1;", "x == 1 is false"),
        ("require n != 0;", "n != 0 is false: n = 0"),
        ("require !(n == 0 || a);", "n == 0 is true: n = 0"),
        ("require k && a;", "the constants of the check forbid it: `require k && a;`"),
    ],
)
def test_the_reason_is_the_first_false_condition(body: str, reason: str) -> None:
    state = "const bool k = false; state { bool a; bool b; 0..2 n; bool m[0..1]; }"
    text = f"{state} transition t() {{ {body} }}"
    assert reasons(text)["t()"].startswith(reason)


def test_a_step_of_a_process_waits_for_its_turn() -> None:
    text = "state { bool a; } process p { step one { a = true; } step two { a = false; } }"
    assert "p at = one" in reasons(text)["p.two()"]


@settings(max_examples=15, deadline=None)
@given(specs(), st.integers(0, 100))
def test_exactly_what_is_not_enabled_has_a_reason(text: str, seed: int) -> None:
    """On a random way through a random spec."""
    try:
        found = Walk.of(mmcheck.loads(text))
    except mmcheck.SpecError:
        return
    for _ in range(4):
        for action in found.instance.actions:
            enabled = bool(found.dynamics.steps(found.state, action))
            assert (why_not_enabled(action, found.state, found.instance) is None) is enabled
        if not found.wander(1, Random(seed)):
            break


# --- walks -----------------------------------------------------------------------------------------------


def test_steps_are_taken_undone_and_taken_again() -> None:
    found = take(walk(), *MAPPED)
    there = found.state
    assert found.position == 3
    found.undo()
    found.undo()
    assert found.position == 1 and found.trace.length == 1
    found.redo()
    found.redo()
    assert found.state == there and not found.redo()
    found.undo()
    take(found, "dma(Task#0)")
    assert (found.position, len(found.steps)) == (3, 3), "what was undone is forgotten"
    replay(found.instance, found.trace)
    for _ in range(5):
        found.undo()
    assert found.position == 0 and found.before is None


def test_a_random_walk_is_a_run() -> None:
    found = walk()
    assert found.wander(30, Random(1)) == 30
    replay(found.instance, found.trace)
    stuck = Walk.of(mmcheck.loads("state { bool a; } transition t() { require !a; a = true; }"))
    assert stuck.wander(5, Random(1)) == 1


def test_properties_in_a_state() -> None:
    found = take(walk("naive"), *MAPPED, "seal()")
    assert {s.prop.name: s.holds for s in found.statuses()} == {
        "no model error": True,
        "sealed_data_stays": True,
        "can_be_sealed": True,
    }
    take(found, "dma(Task#0)")
    (status,) = [s for s in found.statuses() if s.prop.name == "sealed_data_stays"]
    assert status.holds is False and status.blame is not None
    assert dict(status.blame.reads)["sealed"] is True


@pytest.mark.parametrize(
    ("text", "name", "holds"),
    [
        ("deadlock free;", "deadlock free", False),
        ("transition u() { n = n + 3; }", "no model error", True),
        ("init { n = 2; } transition u() { n = n + 3; }", "no model error", False),
        ("invariant i(0..2 k): n != k;", "i", False),
        ("invariant i: m[n + 3];", "i", False),
        ("step invariant i: n' == n;", "i", None),
        ("liveness l: eventually n == 1;", "l", None),
        ("reachable r: n == 1;", "r", False),
    ],
)
def test_each_kind_of_property(text: str, name: str, holds: bool | None) -> None:
    found = Walk.of(mmcheck.loads(f"state {{ 0..3 n; bool m[0..3]; }} {text}"))
    (status,) = [s for s in found.statuses() if s.prop.name == name]
    assert status.holds is holds


def test_jumping_into_a_counterexample() -> None:
    found = walk("naive")
    (what, trace), *others = traces(found.spec, found.check)
    assert what == "violates sealed_data_stays" and others[0][0] == "shows can_be_sealed"
    found.jump(trace, 2)
    assert found.position == 2 and len(found.steps) == trace.length
    found.jump(trace)
    assert found.trace == trace


def test_a_way_saved_is_a_scenario_that_works() -> None:
    found = walk()
    found.wander(12, Random(3))
    declared = found.scenario("saved")
    spec = mmcheck.loads(SEAL.read_text(encoding="utf-8") + declared)
    outcome = mmcheck.verify(spec, mmcheck.Options(properties=("saved",), checks=("scenarios",)))
    (judged,) = [p for c in outcome.checks for p in c.properties if p.prop.name == "saved"]
    assert isinstance(judged.verdict, Proved)


def test_names_in_a_saved_scenario_mean_nothing_else() -> None:
    text = (
        "sort A = 2; enum E { x, y } state { bool a0[A]; } "
        "transition t(A p, E e, bool b, 0..1 n, A? q) { a0[p] = b; }"
    )
    found = Walk.of(mmcheck.loads(text))
    found.wander(6, Random(2))
    spec = mmcheck.loads(text + found.scenario("saved"))
    assert not any(isinstance(p.verdict, Violated) for c in mmcheck.verify(spec).checks for p in c.properties)
    assert "A a0_" in found.scenario("saved")


def test_what_an_assumption_excludes_is_not_offered() -> None:
    counter = "state { 0..3 n = any; } transition up() { require n < 3; n = n + 1; }"
    found = Walk.of(mmcheck.loads(f"{counter} assume low: n < 2; deadlock free;"))
    assert len(found.initials) == 2
    found.begin(found.initials[1])
    assert found.enabled() == []
    assert [reason.text() for _, reason in found.blocked()] == ["it breaks the assumption `low`"]
    assert {s.prop.name: s.holds for s in found.statuses()}["deadlock free"] is True


def test_no_such_check_and_no_initial_state() -> None:
    with pytest.raises(KeyError):
        walk("nothing")
    with pytest.raises(mmcheck.SpecError):
        Walk.of(mmcheck.loads("state { bool a; } init { require a; }"))
    with pytest.raises(mmcheck.SpecError) as error:
        Walk.of(mmcheck.loads("state { 0..1 n = 1; } init { n = n + 1; }"))
    assert [d.code for d in error.value.diagnostics] == ["E504"]


# --- the screen ------------------------------------------------------------------------------------------


def piloted(
    app: Explorer, script: Callable[[Pilot[None]], Awaitable[None]], size: tuple[int, int] = (120, 40)
) -> None:
    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await script(pilot)

    asyncio.run(run())


def shown(app: Explorer, id: str) -> str:
    return str(app.query_one(f"#{id}", Static).render())


def test_steps_on_the_screen() -> None:
    app = Explorer(walk())

    async def script(pilot: Pilot[None]) -> None:
        steps = app.query_one("#steps", OptionList)
        texts = [str(steps.get_option_at_index(i).prompt) for i in range(steps.option_count)]
        assert texts[:4] == ["> map(Task#0)", "> map(Task#1)", "> map(Task#2)", "> seal()"]
        assert any("unpin(Task#0)" in t and "pinned[t] is false: pinned[Task#0] = false" in t for t in texts)
        await pilot.press("enter")
        assert app.walk.position == 1
        assert "* mapped[Task#0] = true  (was false)" in shown(app, "state")
        assert "sealed_data_stays" in shown(app, "properties")
        assert "after map(Task#0)" in shown(app, "message")
        await pilot.press("u")
        assert app.walk.position == 0
        await pilot.press("r")
        assert app.walk.position == 1
        await pilot.press("w")
        assert app.walk.position == 11
        await pilot.press("b")
        assert steps.option_count == len(app.choices)

    piloted(app, script)


def test_a_counterexample_on_the_screen(tmp_path: Path) -> None:
    app = Explorer(walk("naive"))

    async def script(pilot: Pilot[None]) -> None:
        await pilot.press("v")
        for _ in range(200):
            await pilot.pause(0.05)
            if app.screen.query("#choices"):
                break
        await pilot.press("enter")
        await pilot.pause()
        assert app.walk.position == 5
        assert "FAIL sealed_data_stays" in shown(app, "properties")
        await pilot.press("left")
        assert app.walk.position == 4 and "1 more to redo" in app.sub_title
        await pilot.press("g")
        await pilot.pause()
        app.screen.query_one(Input).value = "2"
        await pilot.press("enter")
        await pilot.pause()
        assert app.walk.position == 2
        await pilot.press("i")
        await pilot.pause()
        await pilot.press("escape")
        await pilot.pause()
        assert app.walk.position == 2
        await pilot.press("s")
        await pilot.pause()
        app.screen.query_one(Input).value = str(tmp_path / "way.txt")
        await pilot.press("enter")
        await pilot.pause()
        assert "wrote the scenario way" in shown(app, "message")

    piloted(app, script)
    assert (
        (tmp_path / "way.txt")
        .read_text(encoding="utf-8")
        .startswith("scenario way(Task task0) {\n    map(task0);\n")
    )


@pytest.mark.parametrize("size", [(8, 3), (40, 24)])
def test_the_screen_in_a_small_terminal(size: tuple[int, int]) -> None:
    app = Explorer(walk())

    async def script(pilot: Pilot[None]) -> None:
        await pilot.press("w", "b", "i", "escape", "g", "escape", "question_mark", "escape", "u")
        steps, right = app.query_one("#steps").region, app.query_one("#right").region
        assert right.y >= steps.bottom  # one below the other, each as wide as the terminal

    piloted(app, script, size)
    assert app.walk.position == 9


def test_every_key_is_listed_and_does_what_it_says() -> None:
    app = Explorer(walk())

    async def script(pilot: Pilot[None]) -> None:
        await pilot.press("enter", "question_mark")
        listed = app.screen.query_one("#choices", OptionList)
        prompts = [str(listed.get_option_at_index(i).prompt) for i in range(listed.option_count)]
        assert [prompt[0] for prompt in prompts] == list("urwvgibsq")
        await pilot.press("enter")
        await pilot.pause()
        assert app.walk.position == 0
        await pilot.press("question_mark", "end", "enter")
        await pilot.pause()

    piloted(app, script)
    assert app.return_code == 0


def test_the_keys_fit_on_a_line_of_80_columns() -> None:
    app = Explorer(walk())

    async def script(pilot: Pilot[None]) -> None:
        await pilot.pause()
        # Behind each of them there is a space.
        assert max(key.region.right for key in app.query("FooterKey")) <= 80 + 1

    piloted(app, script, (80, 24))


def test_a_step_that_fails_is_told_and_not_taken() -> None:
    app = Explorer(Walk.of(mmcheck.loads("state { 0..1 n = 1; } transition up() { n = n + 1; }")))

    async def script(pilot: Pilot[None]) -> None:
        assert isinstance(app.choices[0], FailedStep)
        await pilot.press("enter")
        assert app.walk.position == 0
        assert "up() fails: range overflow" in shown(app, "message")

    piloted(app, script)


def test_saving_touches_nothing_that_exists(tmp_path: Path) -> None:
    found = walk()
    (tmp_path / "there.txt").write_text("mine", encoding="utf-8")
    assert "exists" in save(found, tmp_path / "there.txt")
    assert "would be a spec" in save(found, tmp_path / "a.mmc")
    assert "cannot write" in save(found, tmp_path / "nowhere" / "a.txt")
    assert "scenario way_1_b" in save(found, tmp_path / "1 b.txt")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1 b.txt", "there.txt"]


# --- the command -----------------------------------------------------------------------------------------


def explore(*args: str) -> Result:
    return CliRunner().invoke(command_line, ["explore", *args], prog_name="mmcheck")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("docs/examples/seal.mmc",), "the explorer needs a terminal"),
        (("docs/examples/seal.mmc", "--check", "nothing"), "there are: naive, waits, scenarios"),
        (("docs/examples/seal.mmc", "--property", "nothing"), "has no property `nothing`"),
        (
            ("docs/examples/seal.mmc", "--check", "waits", "--property", "sealed_data_stays"),
            "no counterexample",
        ),
        (("nowhere.mmc",), "cannot be read"),
        ((), "Missing argument"),
    ],
)
def test_what_cannot_be_explored(args: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = explore(*args)
    assert result.exit_code == 2
    assert said in result.stderr


def test_an_explorer_that_breaks_off_does_not_end_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmcheck.cli.explore.is_terminal", lambda stream: True)
    monkeypatch.setattr(Explorer, "run", lambda self: setattr(self, "_return_code", 1))
    result = explore(str(SEAL))
    assert result.exit_code == 4
    assert result.stderr.startswith("mmcheck: INTERNAL ERROR: the explorer broke off")
