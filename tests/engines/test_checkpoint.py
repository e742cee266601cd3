"""Checkpoints: a run that ends early, or is killed, is gone on with, and ends as if nothing had happened."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

import mmcheck
from mmcheck.core.instance import Instance
from mmcheck.core.verdict import Unknown
from mmcheck.diagnostics import SpecError
from mmcheck.engines.engine import Answer, Limits, Progress
from mmcheck.engines.explicit.checkpoint import LEVELS, POSITION, Checkpoint, fingerprint
from mmcheck.engines.explicit.engine import ExplicitEngine
from mmcheck.engines.explicit.search import Tuning
from mmcheck.session import instantiate

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "benchmarks" / "models" / "memfd_pins.mmc"

SPEC = """
sort Task = 2;
enum Colour { red, green }
state { 0..20 x; 0..20 y; bool held[Task]; Colour colour; 0..3 z; }
init { z = any; }
transition right() { require x < 20; x = x + 1; }
transition up() { require y < 20; y = y + 1; }
transition hold(Task t) { require !held[t]; held[t] = true; }
transition paint() { if (x > y) { colour = green; } else { colour = red; } }
transition wrong() { require x == 18 && y == 2; assert z > 3; }
assume small: x + y < 39;
invariant never: !(x == 7 && y == 3 && colour == green);
step invariant slow: x' <= x + 1;
invariant vacuous: x == 20 && y == 20 => z == 0;
reachable far(Task t): x == 20 && y == 11 && held[t];
deadlock free;
check two { Task = 2; }
"""

NOW = Tuning(block=64, batch=500, switch=300, first_capacity=8, checkpoint_interval=0)
UNLIMITED = Limits()


def nothing(progress: Progress) -> None:
    pass


def instance_of(text: str = SPEC) -> Instance:
    spec = mmcheck.loads(text)
    return instantiate(spec, spec.checks[0])[1]


def run(tuning: Tuning, limits: Limits = UNLIMITED, text: str = SPEC) -> Answer:
    instance = instance_of(text)
    names = tuple(p.name for p in instance.system.properties)
    return ExplicitEngine(tuning).check(instance, names, limits, nothing)


def comparable(answer: Answer) -> Answer:
    """An answer without what may differ from run to run."""
    return replace(answer, statistics=replace(answer.statistics, seconds=0, memory=0))


@pytest.mark.parametrize("states", [1, 100, 1_000, 3_000])
@pytest.mark.parametrize("symmetry", [False, True])
def test_what_a_limit_ended_goes_on(states: int, symmetry: bool, tmp_path: Path) -> None:
    tuning = replace(NOW, symmetry=symmetry)
    wanted = run(tuning)
    assert wanted.statistics.states > 4_000 and wanted.statistics.complete
    tuning = replace(tuning, checkpoint=tmp_path / "spec" / "check", threads=3)
    stopped = run(tuning, Limits(max_states=states))
    assert not stopped.statistics.complete and (tmp_path / "spec" / "check" / POSITION).exists()
    resumed = run(tuning)
    assert comparable(resumed) == comparable(wanted)
    assert not list(tmp_path.iterdir())


def test_a_run_can_be_stopped_again_and_again_and_spill(tmp_path: Path) -> None:
    wanted = run(NOW)
    folder = tmp_path / "spec" / "check"
    tuning = replace(NOW, checkpoint=folder, spill=tmp_path / "spill", spill_after=200)
    for depth in range(1, 30, 4):
        answer = run(tuning, Limits(max_depth=depth))
        assert answer.statistics.depth == depth
        assert answer.verdicts["slow"] == Unknown(f"none up to depth {depth}, the limit")
    assert comparable(run(tuning)) == comparable(wanted)
    assert not list(tmp_path.iterdir())


def test_a_lower_limit_than_before_is_still_a_limit(tmp_path: Path) -> None:
    tuning = replace(NOW, checkpoint=tmp_path)
    run(tuning, Limits(max_depth=9))
    assert run(tuning, Limits(max_depth=4)).verdicts["slow"] == Unknown("none up to depth 9, the limit")


def test_ctrl_c_leaves_a_checkpoint(tmp_path: Path) -> None:
    instance = instance_of()
    names = tuple(p.name for p in instance.system.properties)
    tuning = replace(NOW, checkpoint=tmp_path, checkpoint_interval=1_000)

    def stop(progress: Progress) -> None:
        if progress.states > 1_000:
            raise KeyboardInterrupt

    assert ExplicitEngine(tuning).check(instance, names, UNLIMITED, stop).interrupted
    told: list[Progress] = []
    answer = ExplicitEngine(tuning).check(instance, names, UNLIMITED, told.append)
    assert next(p.transitions for p in told if p.phase == "search") > 100
    assert comparable(answer) == comparable(run(NOW))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x < 20;", "x < 19;"),
        ("red, green", "green, red"),
        ("Task = 2", "Task = 3"),
        ("y == 11", "y == 12"),
        ("invariant vacuous: x == 20 && y == 20 => z == 0;", ""),
    ],
)
def test_the_checkpoint_of_another_run_is_refused(before: str, after: str, tmp_path: Path) -> None:
    tuning = replace(NOW, checkpoint=tmp_path)
    run(tuning, Limits(max_states=1_000))
    with pytest.raises(SpecError, match=r"E508.*of another run"):
        run(tuning, text=SPEC.replace(before, after))
    with pytest.raises(SpecError, match=r"E508.*of another run"):
        run(replace(tuning, symmetry=False))
    assert comparable(run(tuning)) == comparable(run(NOW))


@pytest.mark.parametrize("damage", ["short", "no text"])
def test_a_damaged_checkpoint_is_refused(damage: str, tmp_path: Path) -> None:
    tuning = replace(NOW, checkpoint=tmp_path)
    run(tuning, Limits(max_states=1_000))
    if damage == "short":
        os.truncate(tmp_path / LEVELS, 80)
    else:
        (tmp_path / POSITION).write_text("{")
    with pytest.raises(SpecError, match=r"E508.*damaged"):
        run(tuning)


def test_a_checkpoint_belongs_to_one_run_at_a_time(tmp_path: Path) -> None:
    other = Checkpoint(tmp_path, "", 1)
    with pytest.raises(SpecError, match=r"E508.*another run"):
        run(replace(NOW, checkpoint=tmp_path))
    other.close()
    assert run(replace(NOW, checkpoint=tmp_path)).statistics.complete


def test_what_was_half_written_does_not_count(tmp_path: Path) -> None:
    """Killed while it wrote the levels of its next checkpoint, a run leaves more of them than it spoke of."""
    tuning = replace(NOW, checkpoint=tmp_path)
    run(tuning, Limits(max_states=1_000))
    with (tmp_path / LEVELS).open("ab") as file:
        file.write(b"abc")
    assert comparable(run(tuning)) == comparable(run(NOW))


def test_the_fingerprint_is_the_same_in_every_process() -> None:
    text = SPEC.replace("z == 0;", "colour in {red, green};")
    program = (
        "import sys, mmcheck; from mmcheck.session import instantiate\n"
        "from mmcheck.engines.explicit.checkpoint import fingerprint\n"
        "spec = mmcheck.loads(sys.argv[1])\n"
        "print(fingerprint(instantiate(spec, spec.checks[0])[1], ['a']))"
    )
    for seed in ("1", "2"):
        command = [sys.executable, "-c", program, text]
        printed = subprocess.check_output(command, env={**os.environ, "PYTHONHASHSEED": seed}, text=True)
        assert printed.strip() == fingerprint(instance_of(text), ["a"])


# --- killed ----------------------------------------------------------------------------------------------


def command(*options: str) -> list[str]:
    chosen = ["--check", "medium", "--no-symmetry", "--format", "json", *options]
    return [sys.executable, "-m", "mmcheck", "verify", str(MODEL), "--engine", "explicit", *chosen]


def outcome(text: str) -> Any:
    """The JSON of a run, without times and memory."""
    document = json.loads(text)
    for spec in document["specs"]:
        for check in spec["checks"]:
            del check["statistics"]["seconds"], check["statistics"]["memory"]
    return document


def test_a_killed_run_goes_on_with_the_same_result(tmp_path: Path) -> None:
    checkpoint = ["--checkpoint", str(tmp_path / "checkpoints")]
    hurried = "import mmcheck.engines.explicit.checkpoint as c; c.INTERVAL = 0.1\n"
    program = f"{hurried}from mmcheck.__main__ import main; main()"
    child = subprocess.Popen(
        [sys.executable, "-c", program, *command(*checkpoint)[3:]],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 120
    while not (found := list(tmp_path.glob(f"checkpoints/*/medium/{POSITION}"))) or levels(found[0]) < 9:
        assert child.poll() is None and time.monotonic() < until
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert 9 <= levels(found[0]) < 24
    resumed = subprocess.run(command(*checkpoint), capture_output=True, text=True, check=True)
    whole = subprocess.run(command(), capture_output=True, text=True, check=True)
    assert outcome(resumed.stdout) == outcome(whole.stdout)
    assert outcome(whole.stdout)["specs"][0]["checks"][0]["statistics"]["states"] == 2_654_336
    assert not list((tmp_path / "checkpoints").iterdir())


def levels(position: Path) -> int:
    return len(json.loads(position.read_text())["position"]["levels"])
