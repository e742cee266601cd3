"""`mmcheck simulate`: the same seed gives the same runs, what they find is real, and they prove nothing."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

import mmcheck
from mmcheck.cli.group import mmcheck as command_line
from mmcheck.core.certify import replay
from mmcheck.core.outcome import CheckOutcome
from mmcheck.core.verdict import Proved, Unknown, Violated, Witness

ROOT = Path(__file__).parent.parent
SEAL = ROOT / "docs" / "examples" / "seal.mmc"


def only(text: str) -> CheckOutcome:
    (check,) = mmcheck.simulate(mmcheck.loads(text)).checks
    return check


def verdicts(check: CheckOutcome) -> dict[str, object]:
    return {p.prop.name: p.verdict for p in check.properties}


def test_counterexamples_and_witnesses_are_runs() -> None:
    outcome = mmcheck.simulate(mmcheck.load(SEAL), mmcheck.Plan(seed=1, runs=30))
    assert [check.check.name for check in outcome.checks] == ["naive", "waits"]
    found = 0
    for check in outcome.checks:
        for each in check.properties:
            match each.verdict:
                case Violated(trace) if trace is not None:
                    replay(check.instance, trace)
                    found += 1
                case Proved(Witness(runs)):
                    found += len([replay(check.instance, trace) for _, trace in runs])
                case _:
                    pass
        assert not check.statistics.complete
        assert check.warnings == ()
    assert found >= 3
    violated = verdicts(outcome.checks[0])["sealed_data_stays"]
    assert isinstance(violated, Violated) and violated.trace is not None and violated.trace.length >= 4
    assert isinstance(verdicts(outcome.checks[1])["sealed_data_stays"], Unknown)


def test_a_seed_decides_everything() -> None:
    def runs(seed: int) -> list[object]:
        outcome = mmcheck.simulate(mmcheck.load(SEAL), mmcheck.Plan(seed=seed, runs=5))
        return [
            (replace(check.statistics, seconds=0, memory=0), [p.verdict for p in check.properties])
            for check in outcome.checks
        ]

    assert runs(3) == runs(3)
    assert runs(3) != runs(4)


COUNTER = "state { 0..3 n; } transition up() { require n < 3; n = n + 1; } "


@pytest.mark.parametrize(
    ("text", "name", "length"),
    [
        (COUNTER + "invariant i: n < 2;", "i", 2),
        (COUNTER + "invariant i: n < 0;", "i", 0),
        (COUNTER + "step invariant i: n' < 3;", "i", 3),
        (COUNTER + "deadlock free;", "deadlock free", 3),
        ("state { 0..3 n; } transition up() { n = n + 1; }", "no model error", 4),
        (COUNTER + "state { bool a[0..2]; } invariant i: !a[n];", "i", 3),
    ],
)
def test_each_kind_is_judged(text: str, name: str, length: int) -> None:
    check = only(text)
    verdict = verdicts(check)[name]
    assert isinstance(verdict, Violated) and verdict.trace is not None
    assert verdict.trace.length == length
    replay(check.instance, verdict.trace)


def test_model_error_at_the_beginning() -> None:
    verdict = verdicts(
        only("state { 0..3 n = 4 - x; 0..1 x = 0; }".replace("4 - x", "3") + "init { n = n + 1; }")
    )
    assert isinstance(verdict["no model error"], Violated)


def test_assumptions_are_kept() -> None:
    check = only(COUNTER + "assume low: n < 2; invariant i: n < 2; reachable r: n == 2;")
    assert isinstance(verdicts(check)["i"], Unknown)
    assert isinstance(verdicts(check)["r"], Unknown)


def test_liveness_and_scenarios_are_not_judged() -> None:
    check = only(COUNTER + "liveness l: eventually n == 3; scenario s { up(); } invariant i: n < 4;")
    assert set(verdicts(check)) == {"no model error", "i"}


# --- the command -----------------------------------------------------------------------------------------


def simulate(*args: str) -> Result:
    return CliRunner().invoke(command_line, ["simulate", *args], prog_name="mmcheck")


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "s.mmc"
    path.write_text(COUNTER + "invariant low: n < 3;", encoding="utf-8")
    return path


def test_what_is_printed_reproduces_the_run(spec: Path) -> None:
    first = simulate("s.mmc", "--runs", "5", "--set", "x=1")
    assert first.exit_code == 2
    first = simulate("s.mmc", "--runs", "5")
    assert first.exit_code == 1
    assert "counterexample to low in 3 steps" in first.stdout
    assert "Found by a random run: there may be a shorter way." in first.stdout
    assert "1 of 1 transition fired" in first.stdout
    again, last = first.stderr.splitlines()[-2:]
    assert last == "mmcheck: FAIL: 1 of 1 check violated what it expects, in 15 random steps"
    words = shlex.split(again.removeprefix("again: mmcheck simulate "))
    assert "--seed" in words and simulate(*words).stdout.partition(" s,")[0][:200] == first.stdout[:200]


def test_nothing_found_proves_nothing(spec: Path) -> None:
    result = simulate("s.mmc", "--steps", "2", "--runs", "2", "--seed", "5")
    assert result.exit_code == 0
    assert "????  low             unknown: not violated in 4 random steps" in result.stdout
    assert result.stderr.endswith(
        "mmcheck: OK: nothing unexpected in 4 random steps of 1 check, which proves nothing\n"
    )


def test_json(spec: Path) -> None:
    document = json.loads(simulate("s.mmc", "--format", "json", "--seed", "1").stdout)
    (check,) = document["specs"][0]["checks"]
    assert check["statistics"]["engine"] == "simulation"
    assert [p["verdict"] for p in check["properties"]] == ["unknown", "violated"]
    assert check["properties"][1]["trace"]["length"] == 3


def test_bad_input(spec: Path) -> None:
    spec.write_text("sort = 1;", encoding="utf-8")
    assert simulate("s.mmc").exit_code == 2
    assert simulate().exit_code == 2
    assert simulate("nowhere.mmc").exit_code == 2


def test_where_nothing_can_begin_nothing_is_well() -> None:
    spec = mmcheck.loads("state { bool a; } init { require a; } transition t() { a = !a; }")
    (found,) = mmcheck.simulate(spec).diagnostics
    assert found.code == "E504"
