"""The command line: what stands on which stream, and how the process ends."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from io import StringIO
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from click.testing import Result as Invoked
from msgspec.structs import replace
from report import examples

from mmcheck import __version__, session
from mmcheck.cli.exits import Exit
from mmcheck.cli.group import mmcheck
from mmcheck.cli.heartbeat import CLEAR, Heartbeat
from mmcheck.cli.interrupts import Interrupts
from mmcheck.cli.output import Output, wants_colour, width_for
from mmcheck.cli.parameters import duration, memory_size, processes, setting
from mmcheck.cli.tally import tally
from mmcheck.core.outcome import SpecOutcome
from mmcheck.diagnostics import Diagnostic
from mmcheck.engines.engine import Observe, Progress
from mmcheck.jobs.standing import Crash, Result

SPEC = """\
spec toy;
sort Page = 2;
state { bool dirty[Page]; bool sealed; }
transition write(Page p) { require !dirty[p]; dirty[p] = true; }
transition seal() { sealed = true; }
/// Été: what is sealed stays clean.
invariant clean: sealed => forall Page p: !dirty[p];
check broken { expect violated clean in 2 steps; }
"""

Fake = Callable[..., None]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Replace the session: files by name, with the outcome or the exception that each is to give."""

    def install(*found: Diagnostic, **outcomes: SpecOutcome | BaseException) -> None:
        def results(
            files: Sequence[str], options: session.Options, observe: Observe, jobs: int | None
        ) -> Generator[Result, None, None]:
            for path in files:
                outcome = outcomes[path]
                try:
                    if isinstance(outcome, BaseException):
                        raise outcome
                    yield outcome
                except Exception as error:
                    yield Crash(path, error)
                else:
                    if any(check.interrupted for check in outcome.checks):
                        raise KeyboardInterrupt

        monkeypatch.setattr(session, "find_specs", lambda paths, importers: (tuple(outcomes), found))
        monkeypatch.setattr("mmcheck.cli.verify.results", results)

    return install


def invoke(*args: str, env: Mapping[str, str | None] | None = None) -> Invoked:
    return CliRunner().invoke(mmcheck, args, env=env)


def last_line(result: Invoked) -> str:
    return result.stderr.splitlines()[-1]


GOOD = examples.spec(examples.naive())
BAD = examples.spec(examples.naive(), examples.merged())
SHORT = examples.spec(examples.limited())
BEYOND = examples.spec(examples.beyond())
WRONG = examples.spec(diagnostics=(Diagnostic("E200", "`x` is unknown", examples.span("sealed")),))


# --- endings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcomes", "code", "line"),
    [
        ([GOOD], 0, "mmcheck: OK: 1 of 1 check ended as expected"),
        ([GOOD, GOOD], 0, "mmcheck: OK: 2 of 2 checks ended as expected"),
        ([BAD], 1, "mmcheck: FAIL: 1 of 2 checks did not end as expected"),
        ([BAD, SHORT], 1, "mmcheck: FAIL: 1 of 3 checks did not end as expected; a limit came first in 1"),
        ([GOOD, SHORT], 3, "mmcheck: UNKNOWN: a limit came first in 1 of 2 checks"),
        ([BEYOND], 3, "mmcheck: UNKNOWN: the engine does not decide everything in 1 of 1 check"),
        ([BEYOND, SHORT], 3, "mmcheck: UNKNOWN: a limit came first in 2 of 2 checks"),
        ([BAD, WRONG], 2, "mmcheck: ERROR: 1 error; 1 of 2 checks ended as expected"),
        ([WRONG], 2, "mmcheck: ERROR: 1 error"),
        (
            [RuntimeError("oops"), WRONG, BAD],
            4,
            "mmcheck: INTERNAL ERROR: a bug in mmcheck, met while verifying f0; please report it",
        ),
        (
            [RuntimeError("oops"), GOOD, KeyboardInterrupt(), BAD],
            130,
            "mmcheck: INTERRUPTED: 1 of 1 check ended as expected before that",
        ),
    ],
)
def test_the_worst_decides(
    fake: Fake, outcomes: list[SpecOutcome | BaseException], code: int, line: str
) -> None:
    fake(**{f"f{i}": outcome for i, outcome in enumerate(outcomes)})
    result = invoke("verify", "specs")
    assert (result.exit_code, last_line(result)) == (code, line)


def test_a_path_that_leads_nowhere(fake: Fake) -> None:
    fake(Diagnostic("E004", "there is no .mmc file in `x`"), a=GOOD)
    result = invoke("verify", "x")
    assert result.exit_code == 2
    assert "error[E004]: there is no .mmc file in `x`" in result.stderr
    assert "memfd_seal" in result.stdout


def test_strict_counts_warnings(fake: Fake) -> None:
    fake(a=examples.spec(replace(examples.naive(), warnings=(Diagnostic("W600", "`dma` never fired"),))))
    assert invoke("verify", "a").exit_code == 0
    assert last_line(invoke("verify", "a")).endswith("as expected, with 1 warning")
    strict = invoke("verify", "a", "--strict")
    assert strict.exit_code == 1
    assert last_line(strict) == (
        "mmcheck: FAIL: 1 warning, and --strict was given; 1 of 1 check ended as expected"
    )


def test_a_crash_is_told_and_reported(fake: Fake) -> None:
    fake(a=RuntimeError("oops"), b=RuntimeError("again"), c=GOOD)
    result = invoke("verify", "specs")
    assert result.stderr.count("Traceback (most recent call last)") == 1
    assert "RuntimeError: oops" in result.stderr
    assert "RuntimeError: again" in result.stderr
    assert f"mmcheck {__version__}, Python " in result.stderr
    assert "proved, 1,024 states" in result.stdout


def test_an_interrupted_check_ends_the_run(fake: Fake) -> None:
    cut = replace(examples.limited(), interrupted=True)
    fake(a=examples.spec(cut), b=RuntimeError("never reached"))
    result = invoke("verify", "specs")
    assert result.exit_code == 130
    assert "1,000 states, 4,711 transitions, depth 9, INTERRUPTED" in result.stdout


@pytest.mark.parametrize(
    ("args", "line"),
    [
        ([], "mmcheck: ERROR: Missing command."),
        (["nope"], "mmcheck: ERROR: No such command 'nope'."),
        (["verfy", "a"], "mmcheck: ERROR: No such command 'verfy'. Did you mean `mmcheck verify`?"),
        (["a.mmc"], "mmcheck: ERROR: No such command 'a.mmc'. Did you mean `mmcheck verify a.mmc`?"),
        (["--nope"], "mmcheck: ERROR: No such option"),
        (["verify"], "mmcheck: ERROR: no path given: name files or folders, such as `mmcheck verify specs`"),
        (["verify", "--set", "x", "a"], "mmcheck: ERROR: Invalid value for '--set': 'x' is not NAME=VALUE"),
        (
            ["verify", "--timeout", "soon", "a"],
            "mmcheck: ERROR: Invalid value for '--timeout': 'soon' is not",
        ),
        (["verify", "--engine", "magic", "a"], "mmcheck: ERROR: Invalid value for '--engine'"),
    ],
)
def test_wrong_usage(args: list[str], line: str) -> None:
    result = invoke(*args)
    assert result.exit_code == 2
    assert last_line(result).startswith(line)
    assert result.stdout == ""


def test_an_internal_error_outside_of_a_spec(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_specs(paths: object, importers: object) -> None:
        raise RuntimeError("oops")

    monkeypatch.setattr(session, "find_specs", find_specs)
    result = invoke("verify", "a")
    assert result.exit_code == 4
    assert last_line(result).startswith("mmcheck: INTERNAL ERROR: this is a bug in mmcheck")


def test_help_names_defaults_and_exit_codes() -> None:
    text = invoke("verify", "--help").stdout
    options = re.split(r"(?m)^  (?=-)", text.split("Options:")[1].split("Examples:")[0])[1:]
    assert len(options) > 14
    for option in options:
        assert "default" in option.lower() or "--help" in option, option
    assert "Examples:" in text and "130  interrupted" in text


# --- streams ---------------------------------------------------------------------------------------------


def test_results_on_stdout_and_the_rest_on_stderr(fake: Fake) -> None:
    fake(a=GOOD, b=WRONG)
    result = invoke("verify", "specs")
    assert "check naive" in result.stdout and "mmcheck:" not in result.stdout
    assert "error[E200]: `x` is unknown" in result.stderr
    assert "1 counterexample is not shown; see with --traces all" in result.stderr
    assert not re.search(r"[ \t]$", result.stdout, re.MULTILINE)


def test_traces_all_hides_nothing(fake: Fake) -> None:
    fake(a=GOOD)
    result = invoke("verify", "a", "--traces", "all")
    assert "counterexample to sealed_pages_cannot_change for p = Page#0, in 5 steps:" in result.stdout
    assert "not shown" not in result.stderr


def test_quiet(fake: Fake) -> None:
    fake(a=GOOD)
    result = invoke("verify", "a", "--quiet")
    assert result.stdout == ""
    assert result.stderr == "mmcheck: OK: 1 of 1 check ended as expected\n"


def test_json_is_one_document(fake: Fake) -> None:
    fake(Diagnostic("E004", "nothing there"), a=GOOD, b=WRONG)
    result = invoke("verify", "specs", "--format", "json")
    document = json.loads(result.stdout)
    assert document["tool"] == {"name": "mmcheck", "version": __version__}
    assert document["exit_code"] == result.exit_code == 2
    assert document["summary"] == last_line(result)
    assert [d["code"] for d in document["diagnostics"]] == ["E004"]
    assert [spec["ending"] for spec in document["specs"]] == ["as expected", "bad input"]


def test_width_and_colour_options(fake: Fake) -> None:
    fake(a=BAD)
    assert "\x1b[" not in invoke("verify", "a").stdout
    assert "\x1b[" in invoke("verify", "a", "--color", "always", env={"NO_COLOR": "1"}).stdout
    narrow = invoke("verify", "a", "--width", "60").stdout
    assert max(len(line) for line in narrow.splitlines() if "|" not in line and "warning" not in line) <= 60


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_when_colours_are_used() -> None:
    assert wants_colour("auto", Terminal(), {"TERM": "xterm"})
    assert wants_colour("auto", Terminal(), {"TERM": "xterm", "NO_COLOR": ""})
    assert not wants_colour("auto", Terminal(), {"TERM": "xterm", "NO_COLOR": "1"})
    assert not wants_colour("auto", Terminal(), {"TERM": "dumb"})
    assert not wants_colour("auto", StringIO(), {"TERM": "xterm"})
    assert wants_colour("always", StringIO(), {"NO_COLOR": "1"})
    assert not wants_colour("never", Terminal(), {})


def test_width_without_a_terminal_is_that_of_mails() -> None:
    assert width_for(None, StringIO()) == 80
    assert width_for(None, None) == 80
    assert width_for(120, StringIO()) == 120


def test_without_a_stdout_nothing_is_written() -> None:
    Output(None, 80, False).write_plain("x")


def test_results_are_shown_as_each_file_is_finished(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    fake(a=GOOD, b=GOOD)

    def results(*arguments: object) -> Generator[Result, None, None]:
        for path in ("a", "b"):
            seen.append(f"verify {path}")
            yield GOOD

    monkeypatch.setattr("mmcheck.cli.verify.results", results)
    monkeypatch.setattr(Output, "write", lambda self, text: seen.append(text.plain.strip().split()[0]))
    invoke("verify", "specs")
    assert seen == ["verify a", "memfd_seal", "verify b", "memfd_seal", "2", "mmcheck:"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_results_that_cannot_be_written_are_an_error() -> None:
    with (
        open("/dev/full", "w", encoding="utf-8") as full,
        pytest.raises(click.ClickException, match="cannot write the results"),
    ):
        Output(full, 80, False).write_plain("x")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("buffered", ["", "1"])
def test_the_exit_code_is_true_where_stderr_cannot_be_written(buffered: str) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "mmcheck", "--nosuch"],
            stderr=full,
            check=False,
            env={**os.environ, "PYTHONUNBUFFERED": buffered},
        )
    assert done.returncode == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("buffered", ["", "1"])
@pytest.mark.parametrize("words", [("--help",), ("--version",), ("explain", "e302"), ("verify", "--help")])
def test_a_full_disk_is_no_bug_of_mmcheck(words: tuple[str, ...], buffered: str) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "mmcheck", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "PYTHONUNBUFFERED": buffered},
        )
    assert (done.returncode, done.stderr) == (
        2,
        "mmcheck: ERROR: cannot write the results: No space left on device\n",
    )


# --- parameters ------------------------------------------------------------------------------------------


def test_durations() -> None:
    found = [duration(text) for text in ("30", "30s", "5m", "1.5h", "200ms", "2 min")]
    assert found == [30, 30, 300, 5400, 0.2, 120]
    for text in ("", "0", "-3", "5 weeks", "s"):
        with pytest.raises(click.BadParameter):
            duration(text)


def test_memory_sizes() -> None:
    found = [memory_size(text) for text in ("512", "512M", "2G", "1.5GiB", "64kb")]
    assert found == [512, 2**29, 2**31, 3 * 2**29, 2**16]
    for text in ("", "0", "much", "2X"):
        with pytest.raises(click.BadParameter):
            memory_size(text)


def test_numbers_of_processes() -> None:
    assert [processes(text) for text in ("auto", "1", "64")] == [None, 1, 64]
    for text in ("", "0", "65", "-1", "two"):
        with pytest.raises(click.BadParameter):
            processes(text)


def test_settings() -> None:
    assert setting("Page=3") == "Page=3"
    for text in ("Page", "=3", "Page=", "3=Page"):
        with pytest.raises(click.BadParameter):
            setting(text)


# --- progress --------------------------------------------------------------------------------------------


def beat(states: int) -> Progress:
    return Progress("reference", "search", states, 2 * states, 3, 10, 2.0, 50 * 2**20)


def heartbeat_at(times: list[float], terminal: bool) -> str:
    """What is written when progress is observed at these times; the clock starts at 0."""
    stream = StringIO()
    clock = iter([0.0, *times])
    heartbeat = Heartbeat(stream, terminal, 60, lambda: next(clock))
    for i, _ in enumerate(times):
        heartbeat(beat(i))
    heartbeat.clear()
    return stream.getvalue()


def test_a_terminal_line_is_rewritten_and_cleared() -> None:
    written = heartbeat_at([0.5, 1.1, 1.15, 1.3], terminal=True)
    first = "reference: search, 1 state, 0/s, depth 3, frontier 10, 50 MiB, 2.0 s"[:59]
    second = "reference: search, 3 states, 2/s, depth 3, frontier 10, 50 MiB, 2.0 s"[:59]
    assert written == CLEAR + first + CLEAR + second + CLEAR


def test_elsewhere_a_line_now_and_then() -> None:
    written = heartbeat_at([0.5, 9.9, 10.1, 15.0, 20.2], terminal=False)
    assert [line.split(",")[1] for line in written.splitlines()] == [" 2 states", " 4 states"]
    assert "\x1b" not in written


def test_a_short_run_shows_nothing() -> None:
    assert heartbeat_at([0.2, 0.9], terminal=True) == ""


# --- the whole, in a process of its own ------------------------------------------------------------------


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    path = tmp_path / "toy.mmc"
    path.write_text(SPEC, encoding="utf-8")
    return path


def process(
    *args: str, cwd: Path, stdout: int = subprocess.PIPE, **env: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "mmcheck", *args],
        stdout=stdout,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env={**os.environ, **env},
        check=False,
        timeout=60,
    )


def redacted(output: bytes) -> str:
    return re.sub(r"\d[\d.]* s,", "T s,", output.decode())


def test_a_real_spec(toy: Path, golden: examples.Golden) -> None:
    done = process("verify", "toy.mmc", "--traces", "all", cwd=toy.parent)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr.decode() == "mmcheck: OK: 1 of 1 check ended as expected\n"
    golden("cli/toy.txt", redacted(done.stdout))


def test_a_real_failure(toy: Path) -> None:
    toy.write_text(SPEC.replace("2 steps", "3 steps"), encoding="utf-8")
    done = process("verify", "toy.mmc", cwd=toy.parent)
    assert done.returncode == 1
    assert b"UNEXPECTED: expected violated in 3 steps" in done.stdout
    assert b"counterexample to clean" in done.stdout


@pytest.mark.parametrize("env", [{"PYTHONIOENCODING": "ascii"}, {"TERM": "dumb"}, {"LC_ALL": "C"}])
def test_poor_terminals(toy: Path, env: dict[str, str]) -> None:
    done = process("verify", "toy.mmc", "--traces", "all", cwd=toy.parent, **env)
    assert done.returncode == 0
    assert b"counterexample to clean" in done.stdout
    assert b"\x1b" not in done.stdout + done.stderr
    if "PYTHONIOENCODING" in env:
        assert rb"\xc9t\xe9: what is sealed stays clean." in done.stdout


def test_a_reader_who_goes_away_changes_nothing(toy: Path) -> None:
    """As in `mmcheck verify toy.mmc | head -0`: no traceback, and a failure stays a failure."""
    toy.write_text(SPEC.replace("2 steps", "3 steps"), encoding="utf-8")
    reader, writer = os.pipe()
    os.close(reader)
    done = process("verify", "toy.mmc", cwd=toy.parent, stdout=writer)
    os.close(writer)
    assert done.returncode == 1
    assert done.stderr.decode() == "mmcheck: FAIL: 1 of 1 check did not end as expected\n"


def test_ctrl_c_ends_with_the_statistics_so_far(tmp_path: Path) -> None:
    """A spec with more states than anyone waits for; the signal comes while it is searched."""
    (tmp_path / "big.mmc").write_text(
        "spec big;\nsort Page = 4;\nstate { 0..99 n[Page]; 0..99 m[Page]; }\n"
        "transition more(Page p) { n[p] = (n[p] < 99 ? n[p] + 1 : 0); }\n"
        "transition less(Page p) { m[p] = (m[p] < 99 ? m[p] + 1 : 0); }\n",
        encoding="utf-8",
    )
    terminal, stderr = os.openpty()  # where progress is shown at once
    command = [sys.executable, "-m", "mmcheck", "verify", "big.mmc"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, cwd=tmp_path)
    os.close(stderr)
    err = b""
    try:
        while not re.search(rb"[1-9][\d,]* states", err):
            err += os.read(terminal, 1_000)
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=60)
        with contextlib.suppress(OSError):  # there is no more
            while more := os.read(terminal, 1_000):
                err += more
    finally:
        running.kill()
        running.communicate()
        os.close(terminal)
    assert running.returncode == 130, err.decode()
    assert b"INTERRUPTED" in out and b" states, " in out
    assert "mmcheck: INTERRUPTED: " in err.decode().splitlines()[-1]


def test_version_needs_no_heavy_import(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom mmcheck.__main__ import main\nsys.argv = ['mmcheck', '--version']\n"
        "try: main()\nexcept SystemExit as end: assert not end.code\n"
        "assert not {'rich', 'lark', 'mmcheck.session'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode() == f"mmcheck {__version__}\n"


def test_a_small_search_needs_no_heavy_import(tmp_path: Path) -> None:
    """Nor anything that only others need: each would delay every answer."""
    others = {
        *("numba", "llvmlite", "z3", "jinja2", "networkx", "scipy", "multiprocessing", "email"),
        *("sqlite3", "importlib.metadata", "mmcheck.mutation", "mmcheck.lsp"),
        *("mmcheck.report.html", "mmcheck.report.json", "mmcheck.report.sarif", "mmcheck.engines.symbolic"),
        *("mmcheck.engines.reference.search", "mmcheck.engines.explicit.liveness"),
        *("mmcheck.engines.explicit.kernels", "mmcheck.engines.explicit.machine_code"),
    }
    (tmp_path / "small.mmc").write_text(SPEC, encoding="utf-8")
    code = (
        "import sys\nfrom mmcheck.__main__ import main\n"
        "sys.argv = ['mmcheck', 'verify', 'small.mmc']\ntry: main()\nexcept SystemExit: pass\n"
        f"found = {others!r} & set(sys.modules)\nassert not found, found"
    )
    for _ in range(2):  # The first run may have to make the tables of the grammar.
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert b" explicit engine" in done.stdout


def test_precedence_is_total() -> None:
    """Every way to end has a sentence."""
    for outcomes in ([], [GOOD], [BAD], [SHORT], [WRONG]):
        for crashed in ((), ("a",)):
            for interrupted in (False, True):
                result = tally(outcomes, (), crashed, interrupted)
                assert result.summary
                assert result.end in Exit


def test_an_interrupt_that_got_lost_is_raised_at_the_next_progress() -> None:
    """As when the signal comes in the middle of an import, where Python drops the exception."""
    interrupts = Interrupts()
    seen: list[Progress] = []
    observe = interrupts.before(seen.append)
    progress = Progress("explicit", "search", 1, 0, 0, 1, 0.1, 1)
    observe(progress)
    assert seen == [progress]
    with interrupts.watched(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        observe(progress)
    assert seen == [progress]


# --- paths that lead nowhere -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", ["verify", "parse", "lint", "fmt", "simulate", "mutate", "graph", "prove"]
)
def test_links_in_a_circle_are_a_file_that_cannot_be_read(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop.mmc").symlink_to("loop.mmc")
    for path in ("loop.mmc", "long" * 2_000 + ".mmc"):
        result = CliRunner().invoke(mmcheck, [command, path])
        assert result.exit_code == 2, result.output
        assert result.stderr.splitlines()[-1].startswith("mmcheck: ERROR")


def test_a_device_without_an_end_is_too_large(tmp_path: Path) -> None:
    for command in ("parse", "verify"):
        result = CliRunner().invoke(mmcheck, [command, "/dev/zero"])
        assert result.exit_code == 2 and "E003" in result.stderr, result.output


def test_an_error_in_a_model_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "lib.mmc").write_text("spec lib; state { bool a", encoding="utf-8")
    for name in "uv":
        (tmp_path / f"{name}.mmc").write_text(f"spec {name}; import lib;", encoding="utf-8")
    said = invoke("verify", str(tmp_path), "--jobs", "1").stderr
    errors = said.count("error[")
    assert said.count("error[E102]") == 1
    assert f"mmcheck: ERROR: {errors} error" in said
