"""`mmcheck watch`: every change is verified, whatever happens to the files, until Ctrl-C."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import Struct, field

from mmcheck import session
from mmcheck.cli.interrupts import Interrupts
from mmcheck.cli.output import Output
from mmcheck.cli.watch import CLEAR_SCREEN, Watcher
from mmcheck.core.outcome import SpecOutcome
from mmcheck.engines.engine import Observe, Progress
from mmcheck.report.text import Traces

ROOT = Path(__file__).parent.parent
MODEL = "state { bool dirty; }\ntransition write() { dirty = true; }\n"
SPEC = "spec toy;\nimport model;\ninvariant clean: !dirty;\n"
OTHER = "spec other;\nstate { bool x; }\n"

Event = Callable[[], object]


class Script(Struct):
    """What happens while the watcher sleeps: an event each time it comes to rest; then Ctrl-C."""

    events: list[Event]
    rests: int = field(default=0)

    def sleep(self, seconds: float) -> None:
        # It sleeps once to see that all has settled, and then while nothing happens.
        self.rests += 1
        if self.rests % 2:
            return
        if not self.events:
            raise KeyboardInterrupt
        self.events.pop(0)()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(model=MODEL, toy=SPEC)
    return tmp_path


def write(**texts: str) -> None:
    for name, text in texts.items():
        Path(f"{name}.mmc").write_text(text, encoding="utf-8")


def watched(*paths: str, events: list[Event], screen: bool = False) -> tuple[str, list[str]]:
    """What is written on the output, and the last line of each run."""
    out, err = io.StringIO(), io.StringIO()
    watcher = Watcher(
        paths,
        session.Options(engine="reference"),
        Traces.UNEXPECTED,
        Output(out, 80, False),
        Output(err, 80, False),
        Interrupts(),
        0.3,
        screen,
        Script(events).sleep,
    )
    with pytest.raises(KeyboardInterrupt):
        watcher.go_on()
    lines = [line for line in err.getvalue().splitlines() if line.startswith("mmcheck: ")]
    return out.getvalue(), lines


OK, FAIL = (
    "mmcheck: OK: 1 of 1 check ended as expected",
    "mmcheck: FAIL: 1 of 1 check did not end as expected",
)


def test_a_change_to_the_spec_or_to_what_it_imports_is_verified(folder: Path) -> None:
    out, lines = watched(
        "toy.mmc",
        events=[
            lambda: write(toy=SPEC.replace("!dirty", "true")),
            lambda: write(toy=SPEC),
            lambda: write(model=MODEL.replace("true;", "false;")),
        ],
    )
    assert lines == [FAIL, OK, FAIL, OK]
    assert out.count("counterexample to clean") == 2


def test_errors_and_deleted_files_are_survived(folder: Path) -> None:
    _, lines = watched(
        "toy.mmc",
        events=[
            lambda: write(toy="spec toy; invariant"),
            lambda: (folder / "toy.mmc").unlink(),
            lambda: write(toy=SPEC.replace("!dirty", "true")),
            lambda: (folder / "model.mmc").unlink(),
            lambda: (folder / "toy.mmc").write_bytes(b"\xff\xfe"),
            lambda: write(toy=SPEC.replace("!dirty", "true"), model=MODEL),
        ],
    )
    assert [line.split(":")[1] for line in lines] == [
        " FAIL",
        " ERROR",
        " ERROR",
        " OK",
        " ERROR",
        " ERROR",
        " OK",
    ]


def test_what_did_not_change_is_not_verified_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    before = session.verify_file

    def counted(path: str, options: session.Options, observe: Observe) -> SpecOutcome:
        verified.append(path)
        return before(path, options, observe)

    monkeypatch.setattr(session, "verify_file", counted)
    write(other=OTHER)
    out, lines = watched("toy.mmc", "other.mmc", events=[lambda: write(other=OTHER + "\n")])
    assert verified == ["toy.mmc", "other.mmc", "other.mmc"]
    # The other spec is shown in full, and still what is wrong with this one.
    assert lines == ["mmcheck: FAIL: 1 of 2 checks did not end as expected"] * 2
    assert out.count("counterexample to clean") == 2


def test_a_spec_that_is_new_in_a_folder_is_verified(folder: Path) -> None:
    _, lines = watched(".", events=[lambda: write(other=OTHER)])
    assert [line.split(" of ")[1][0] for line in lines] == ["2", "3"]


def test_a_change_ends_the_search_that_is_under_way(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[bool] = []

    def searching(path: str, options: session.Options, observe: Observe) -> SpecOutcome:
        if not ended:
            write(toy=SPEC + "\n")
            progress = Progress("reference", "search", 1, 1, 1, 1, 1.0, 1)
            ended.append(False)
            # As an engine would, for as long as nothing ends it.
            while True:
                observe(progress)
        ended.append(True)
        return SpecOutcome(path, "toy", ())

    monkeypatch.setattr(session, "verify_file", searching)
    _, lines = watched("toy.mmc", events=[lambda: None])
    assert ended == [False, True]
    assert lines == ["mmcheck: OK: 0 of 0 checks ended as expected"]


def test_a_screen_is_cleared(folder: Path) -> None:
    out, _ = watched("toy.mmc", events=[lambda: write(toy=SPEC + "\n")], screen=True)
    assert out.count(CLEAR_SCREEN) == 2
    assert CLEAR_SCREEN not in watched("toy.mmc", events=[])[0]


def test_the_real_command_ends_with_130(folder: Path) -> None:
    command = [sys.executable, "-u", "-m", "mmcheck", "watch", "toy.mmc", "--engine", "reference"]
    running = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    try:
        assert running.stderr is not None
        assert wait_for(running.stderr, "mmcheck: ") == f"{FAIL}\n"
        write(toy=SPEC.replace("!dirty", "true"))
        assert wait_for(running.stderr, "mmcheck: ") == f"{OK}\n"
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        assert wait_for(running.stderr, "mmcheck: ") == "mmcheck: INTERRUPTED: nothing is watched any more\n"
        assert running.wait(60) == 130
    finally:
        running.kill()
        running.communicate()


def wait_for(stream: io.TextIOBase, start: str) -> str:
    """The next line that begins so."""
    return next(line for line in iter(stream.readline, "") if line.startswith(start))
