"""Several processes: the same results in the same order, and none left behind, however a run ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import pytest

import mmcheck
from mmcheck import session
from mmcheck.core.check import Check
from mmcheck.engines.engine import Limits, Observe, Preferences, Progress
from mmcheck.engines.limits import available_cores, private_memory
from mmcheck.jobs import crew, verify
from mmcheck.jobs.desk import Crashed, Opened, Refused
from mmcheck.jobs.standing import FILE, Crash, Result, Standing
from mmcheck.jobs.verify import results
from mmcheck.session import Options, ignore

TOY = """\
spec toy;
sort Page = 2;
state { bool dirty[Page]; bool sealed; }
transition write(Page p) { require !dirty[p]; dirty[p] = true; }
transition seal() { sealed = true; }
/// What is sealed stays clean.
invariant clean: sealed => forall Page p: !dirty[p];
reachable full: forall Page p: dirty[p];
check one { Page = 1; expect violated clean in 2 steps; }
check two { expect violated clean in 2 steps; }
check three { Page = 3; expect violated clean in 3 steps; }
"""
BIG = (
    "spec big;\nsort Page = 4;\nstate { 0..99 n[Page]; 0..99 m[Page]; }\n"
    "transition more(Page p) { n[p] = (n[p] < 99 ? n[p] + 1 : 0); }\n"
    "transition less(Page p) { m[p] = (m[p] < 99 ? m[p] + 1 : 0); }\n"
)
FILES = {"a.mmc": TOY, "b.mmc": "spec b; state { bool x }", "c.mmc": TOY.replace("spec toy", "spec c")}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "big.mmc").write_text(BIG, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def forking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes be copies of this one, with what the test has changed in it, and do all the work."""
    monkeypatch.setattr(verify, "SEARCHING", ())
    monkeypatch.setattr(crew, "start_method", lambda: "fork")


def redacted(text: str) -> str:
    """A document without what differs from run to run: times, rates and memory."""
    text = re.sub(
        r'"(seconds|memory|memory_bytes|states_per_second|rate|started|\w*[tT]imeUtc)": [^,\n}]*', "", text
    )
    text = re.sub(r'(time|timestamp|memory)="[^"]*"', "", text)
    text = re.sub(r'<property name="(memory\w*|seconds)"[^>]*>', "", text)
    # Where a paragraph is broken depends on how long the times in it are.
    return " ".join(re.sub(r"\d[\d.,]*\s+(s|MiB)\b", "N", text).split())


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mmcheck", "verify", *args],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


# --- the same as in one process ----------------------------------------------------------------------------


def test_output_and_reports_do_not_depend_on_processes(folder: Path) -> None:
    def told(jobs: str) -> list[str]:
        names = ["junit", "sarif", "json", "markdown"]
        reports = [f"--report={name}:{name}.{jobs}" for name in names]
        done = run("a.mmc", "b.mmc", "c.mmc", "--jobs", jobs, "--traces", "all", "--coverage", *reports)
        assert done.returncode == 2, done.stderr
        assert done.stderr.splitlines()[-1].startswith("mmcheck: ERROR: 1 error; 4 of 6 checks ended")
        documents = [Path(f"{name}.{jobs}").read_text(encoding="utf-8") for name in names]
        return [redacted(text) for text in (done.stdout, done.stderr, *documents)]

    alone = told("1")
    assert alone[0].index("toy") < alone[0].index(" check one") < alone[0].index(" check two")
    assert told("2") == alone
    assert told("auto") == alone


def test_certificates_are_written_by_each(folder: Path) -> None:
    for jobs in ("1", "2"):
        args = (
            "--engine",
            "kinduction",
            "--property",
            "clean",
            "--certificate",
            f"proofs.{jobs}",
            "--induction",
        )
        (folder / "d.mmc").write_text(
            TOY.replace("dirty[p] = true", "require !sealed; dirty[p] = true")
            .replace("seal() {", "seal() { require forall Page p: !dirty[p];")
            .replace("expect violated clean in 2 steps;", "")
            .replace("expect violated clean in 3 steps;", ""),
            encoding="utf-8",
        )
        assert run("d.mmc", "--jobs", jobs, *args).returncode == 0
    one, two = (
        {
            p.relative_to(folder / f"proofs.{jobs}"): p.read_text()
            for p in sorted((folder / f"proofs.{jobs}").rglob("*.smt2"))
        }
        for jobs in ("1", "2")
    )
    assert len(one) >= 3 and one == two


def test_spawned_processes_give_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "SEARCHING", ())
    monkeypatch.setattr(crew, "start_method", lambda: "spawn")
    alone = list(mmcheck.verify_files(["a.mmc", "b.mmc"]))
    several = list(mmcheck.verify_files(["a.mmc", "b.mmc"], jobs=2))
    assert [summary(o) for o in several] == [summary(o) for o in alone]


def summary(outcome: mmcheck.SpecOutcome) -> object:
    checks = [(c.check, c.properties, c.warnings, c.coverage, c.statistics.states) for c in outcome.checks]
    return outcome.file, outcome.name, outcome.doc, outcome.diagnostics, checks


def test_outcomes_come_whole_from_other_processes(folder: Path, forking: None) -> None:
    """With the instances, and the warnings that only all checks of a spec together give."""
    alone = list(mmcheck.verify_files(["a.mmc", "c.mmc"], jobs=1))
    several = list(mmcheck.verify_files(["a.mmc", "c.mmc"], jobs=3))
    assert [summary(o) for o in several] == [summary(o) for o in alone]
    systems = [[check.instance.system for check in outcome.checks] for outcome in alone]
    assert [[check.instance.system for check in outcome.checks] for outcome in several] == systems


def test_a_settings_error_of_one_check_is_in_the_outcome(folder: Path, forking: None) -> None:
    options = Options(settings=("Page=9",), checks=("one", "nope"))
    for jobs in (1, 2):
        (outcome,) = mmcheck.verify_files(["a.mmc"], options, jobs=jobs)
        assert [d.code for d in outcome.diagnostics] == ["E507"]


# --- sharing -----------------------------------------------------------------------------------------------


def test_a_check_that_needs_more_than_its_share_of_the_memory_gets_all(
    folder: Path, forking: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "LEAST_MEMORY", 1)
    limits = Limits(max_memory=2 * private_memory())
    judged: list[int | None] = []
    verify_check = session.verify_check

    def judge(spec: mmcheck.Spec, check: Check, options: Options, observe: Observe) -> mmcheck.CheckOutcome:
        judged.append(options.limits.max_memory)
        return verify_check(spec, check, options, observe)

    monkeypatch.setattr(session, "verify_check", judge)
    (outcome,) = mmcheck.verify_files(["c.mmc"], Options(limits=limits), jobs=4)
    # In this process only those that had run out of their share before.
    assert judged == [limits.max_memory] * 3
    assert [check.ending.name for check in outcome.checks] == ["AS_EXPECTED", "AS_EXPECTED", "UNEXPECTED"]


def test_how_many_processes() -> None:
    gigabyte = Options(limits=Limits(max_memory=2**30))
    assert verify._processes(gigabyte, 8) == 2
    assert verify._processes(Options(limits=Limits(max_memory=2**20)), 8) == 1
    assert verify._processes(Options(), 8) == 8
    assert verify._processes(Options(), None) == available_cores() >= 1
    for preferences in (Preferences(spill=Path("x")), Preferences(checkpoint=Path("x"))):
        assert verify._processes(Options(preferences=preferences), 8) == 1


def test_places_for_helpers_are_those_of_idle_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "available_cores", lambda: 4)
    places = crew.SharedPlaces(get_context("fork"))

    def free() -> int:
        taken = 0
        while places.take():
            taken += 1
        for _ in range(taken):
            places.leave()
        return taken

    assert free() == 1
    for searches, expected in ((2, 2), (4, 1), (8, 1), (1, 3), (0, 4)):
        places.adjust(searches)
        assert free() == expected
    # One that is in use is taken away when it is left.
    assert all(places.take() for _ in range(4))
    places.adjust(3)
    assert not places.take()
    places.leave()
    places.adjust(3)
    assert not places.take()


def test_threads_are_shared(folder: Path, forking: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(spec: mmcheck.Spec, check: Check, options: Options, observe: Observe) -> mmcheck.CheckOutcome:
        raise RuntimeError(f"threads: {options.preferences.threads}")

    monkeypatch.setattr(session, "verify_check", judge)

    def threads(jobs: int, *checks: str) -> str:
        options = Options(checks=checks, preferences=Preferences(threads=4))
        (crash,) = results(["a.mmc"], options, ignore, jobs)
        assert isinstance(crash, Crash)
        return str(crash.error)[-1]

    assert [threads(1), threads(2), threads(2, "one")] == ["4", "2", "4"]


def test_progress_says_what_it_is_about(folder: Path, forking: None) -> None:
    seen: list[Progress] = []
    options = Options(limits=Limits(max_states=300_000))
    list(mmcheck.verify_files(["big.mmc", "a.mmc"], options, seen.append, jobs=2))
    assert seen and {progress.about for progress in seen} <= {"big.mmc, default", "a.mmc, one"}


# --- bugs ---------------------------------------------------------------------------------------------------


def test_a_bug_in_one_file_keeps_no_other_from_its_outcome(
    folder: Path, forking: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify_check = session.verify_check

    class UnsendableError(Exception):
        """Defined where no other process finds it."""

    def judge(spec: mmcheck.Spec, check: Check, options: Options, observe: Observe) -> mmcheck.CheckOutcome:
        if (spec.program.name, check.name) == ("toy", "two"):
            raise UnsendableError("oops")
        return verify_check(spec, check, options, observe)

    monkeypatch.setattr(session, "verify_check", judge)
    for jobs in (1, 2):
        crash, wrong, good = results(["a.mmc", "b.mmc", "c.mmc"], Options(), ignore, jobs)
        assert isinstance(crash, Crash) and crash.file == "a.mmc" and "oops" in str(crash.error)
        if jobs == 2:
            assert "in judge" in str(crash.error.__cause__)
        assert isinstance(wrong, mmcheck.SpecOutcome) and wrong.diagnostics
        assert isinstance(good, mmcheck.SpecOutcome) and len(good.checks) == 3
    with pytest.raises(crew.ProcessError, match="oops"):
        list(mmcheck.verify_files(["a.mmc"], jobs=2))


def test_a_result_that_cannot_be_sent_is_a_bug_of_its_file(
    folder: Path, forking: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "verify_check", lambda *_: lambda: None)
    crash, good = results(["a.mmc", "b.mmc"], Options(), ignore, 2)
    assert isinstance(crash, Crash) and isinstance(good, mmcheck.SpecOutcome)


# --- ends, in processes of their own -----------------------------------------------------------------------

needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")


@contextmanager
def running(*args: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "mmcheck", "verify", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def children(process: subprocess.Popen[str]) -> list[int]:
    told = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii")
    return sorted(map(int, told.split()))


def alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False


def until(claim: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not claim():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def busy(pid: int) -> bool:
    """Whether a process has been at work for so long that it must be searching."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") > 0.7


@needs_proc
@pytest.mark.parametrize("whole_group", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_ctrl_c_tells_what_was_found_and_leaves_no_process(folder: Path, whole_group: bool) -> None:
    (folder / "other.mmc").write_text(BIG.replace("spec big", "spec other"), encoding="utf-8")
    with running("big.mmc", "other.mmc", "--jobs", "2") as process:
        until(lambda: len(children(process)) == 2 and all(map(busy, children(process))))
        workers = children(process)
        if whole_group:  # as a terminal does it
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=150)
        assert process.returncode == 130, err
        assert out.count("INTERRUPTED") == 2 and out.count(" states, ") == 2
        assert err.splitlines()[-1].startswith("mmcheck: INTERRUPTED: ")
        assert "Traceback" not in err
        assert not any(map(alive, workers))


@needs_proc
def test_a_process_that_is_killed_is_an_internal_error_of_its_file(folder: Path) -> None:
    with running("big.mmc", "b.mmc", "c.mmc", "--jobs", "2", "--timeout", "100") as process:
        until(lambda: len(children(process)) == 2 and busy(children(process)[0]))
        os.kill(children(process)[0], signal.SIGKILL)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 4
    assert (
        "the process for big.mmc, default was ended by signal 9 (SIGKILL); it may have run out of memory"
        in err
    )
    assert "met while verifying big.mmc" in err.splitlines()[-1]
    assert "  check three" in out


@needs_proc
@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_processes_end_with_the_one_that_started_them(folder: Path, how: signal.Signals) -> None:
    with running("big.mmc", "c.mmc", "--jobs", "2") as process:
        until(lambda: len(children(process)) == 2 and busy(children(process)[0]))
        workers = children(process)
        process.send_signal(how)
        process.wait(timeout=60)
        until(lambda: not any(map(alive, workers)))


# --- order --------------------------------------------------------------------------------------------------


def opened(*checks: str) -> Opened:
    return Opened(mmcheck.SpecOutcome("f", "f", ()), checks, len(checks))


def names(found: Iterator[Result]) -> list[str]:
    return [result.file for result in found]


def test_a_process_stays_with_what_it_has_loaded() -> None:
    standing = Standing(["f", "g", "h"])
    assert (standing.take(set()), standing.take(set())) == ((0, FILE), (1, FILE))
    standing.record((0, FILE), opened("a", "b"))
    standing.record((1, FILE), opened("c"))
    assert standing.take({"g"}) == (1, 0)
    assert standing.take({"g"}) == (2, FILE)
    assert standing.take({"g"}) == (0, 0)
    assert (standing.waiting, standing.take(), standing.take()) == (1, (0, 1), None)


def test_files_are_told_in_order_as_soon_as_those_before_are() -> None:
    standing = Standing(["f", "g", "h"])
    while standing.take():
        pass
    standing.record((1, FILE), opened())
    assert names(standing.finished()) == []
    standing.record((0, FILE), opened("a", "b"))
    standing.record((0, 1), Refused(()))
    assert names(standing.finished()) == []
    standing.record((0, 0), Refused(()))
    assert names(standing.finished()) == ["f", "f"]
    standing.record((2, FILE), Crashed(RuntimeError()))
    assert names(standing.unfinished()) == ["h"]
    assert names(standing.finished()) == []
