"""`--report` and `--format`: documents on the output and in files, written whole, and refused in time."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from click.testing import CliRunner, Result

import mmcheck
from mmcheck import session
from mmcheck.cli.group import mmcheck as command_line
from mmcheck.core.check import Check
from mmcheck.engines.engine import Observe
from mmcheck.report.formats import FORMATS, write_whole

SPEC = """\
spec toy;
sort Page = 2;
state { bool dirty[Page]; bool sealed; }
transition write(Page p) { require !dirty[p]; dirty[p] = true; }
transition seal() { sealed = true; }
invariant clean: sealed => forall Page p: !dirty[p];
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a spec that fails."""
    (tmp_path / "toy.mmc").write_text(SPEC, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def verify(*args: str) -> Result:
    return CliRunner().invoke(command_line, ["verify", "toy.mmc", *args], prog_name="mmcheck")


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


BEGINNINGS = {
    "json": "{\n",
    "sarif": '{\n  "$schema"',
    "junit": "<?xml",
    "itf": '{\n  "#meta"',
    "markdown": "# Model checking\n",
    "html": "<!doctype html>",
}


@pytest.mark.parametrize("format", FORMATS)
def test_a_format_on_the_output(folder: Path, format: str) -> None:
    result = verify("--format", format)
    assert result.exit_code == 1
    assert result.stdout.startswith(BEGINNINGS[format])
    assert "mmcheck: FAIL" in result.stderr
    assert files(folder) == {"toy.mmc"}, "nothing is written where nobody asked"


def test_several_reports_beside_the_text(folder: Path) -> None:
    result = verify(*(f"--report={format}:out.{format}" for format in FORMATS))
    assert result.exit_code == 1
    assert "counterexample to clean in 2 steps" in result.stdout
    assert files(folder) == {"toy.mmc", *(f"out.{format}" for format in FORMATS)}
    for format, beginning in BEGINNINGS.items():
        assert (folder / f"out.{format}").read_text(encoding="utf-8").startswith(beginning)
    told = json.loads((folder / "out.json").read_text(encoding="utf-8"))
    assert told["summary"] == result.stderr.splitlines()[-1]
    suites = fromstring((folder / "out.junit").read_text(encoding="utf-8"))
    assert suites.get("failures") == "1"
    assert all("T" in suite.get("timestamp", "") for suite in suites)


def test_a_report_replaces_a_file_and_keeps_it_readable(folder: Path) -> None:
    (folder / "out.md").write_text("old", encoding="utf-8")
    (folder / "link.md").symlink_to("out.md")
    verify("--report", "markdown:link.md")
    assert (folder / "link.md").is_symlink()
    assert (folder / "out.md").read_text(encoding="utf-8").startswith("# Model checking")
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((folder / "out.md").stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("sarif", "'sarif' is not FORMAT:FILE, such as sarif:result.sarif; formats are json, sarif, junit"),
        ("sarif:", "'sarif:' is not FORMAT:FILE"),
        ("pdf:out.pdf", "'pdf:out.pdf' is not FORMAT:FILE"),
        ("text:out.txt", "'text:out.txt' is not FORMAT:FILE"),
        ("html:.", "'.' is a folder, and no report replaces one; name a file, such as report.html"),
        ("html:nowhere/out.html", "there is no folder 'nowhere' to write 'out.html' into"),
        ("json:toy.mmc", "'toy.mmc' would be a spec by its name, and no report replaces one"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_verified(
    folder: Path, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "verify_check", lambda *_, **__: pytest.fail("it was verified"))
    result = verify("--report", value)
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith(
        f"mmcheck: ERROR: Invalid value for '--report': {message}"
    )
    assert (files(folder), result.stdout) == ({"toy.mmc"}, "")


def test_two_reports_to_one_file(folder: Path) -> None:
    result = verify("--report", "html:out", "--report", f"json:{folder / 'out'}")
    assert result.exit_code == 2
    assert "two reports would go to 'out'" in result.stderr
    assert files(folder) == {"toy.mmc"}


def test_a_file_that_cannot_be_written_keeps_no_other_from_it(folder: Path) -> None:
    """A folder that goes away while specs are verified."""
    (folder / "gone").mkdir()

    verify_check = session.verify_check

    def judge(
        spec: mmcheck.Spec, check: Check, options: session.Options, observe: Observe
    ) -> mmcheck.CheckOutcome:
        (folder / "gone").rmdir()
        return verify_check(spec, check, options, observe)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "verify_check", judge)
        result = verify("--report", "html:gone/out.html", "--report", "json:out.json")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == (
        "mmcheck: ERROR: cannot write the report gone/out.html: No such file or directory"
    )
    assert json.loads((folder / "out.json").read_text(encoding="utf-8"))["exit_code"] == 1
    assert "counterexample to clean" in result.stdout


def test_an_interrupted_run_is_reported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "verify_check", interrupted)
    assert verify("--report", "json:out.json").exit_code == 130
    assert json.loads((folder / "out.json").read_text(encoding="utf-8"))["exit_code"] == 130


def test_other_traces_are_told_of(folder: Path) -> None:
    (folder / "toy.mmc").write_text(f"{SPEC}reachable can_be_sealed: sealed;\n", encoding="utf-8")
    result = verify("--report", "itf:out.itf.json")
    assert "1 other trace is not in the ITF document; choose one with --check and --property" in result.stderr
    told = json.loads((folder / "out.itf.json").read_text(encoding="utf-8"))
    assert told["#meta"]["source"] == "toy.mmc"
    assert (told["#meta"]["property"], told["#meta"]["otherTraces"]) == ("clean", 1)


# --- files -----------------------------------------------------------------------------------------------


def test_a_write_that_fails_leaves_what_was_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = folder / "out.json"
    target.write_text("old", encoding="utf-8")

    def full(self: Path, other: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(target, "new")
    assert target.read_text(encoding="utf-8") == "old"
    assert files(folder) == {"toy.mmc", "out.json"}


def test_what_is_no_file_is_written_to_as_it_is(folder: Path) -> None:
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, "text")
    assert os.read(reader, 100) == b"text"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    with pytest.raises(IsADirectoryError):
        write_whole(folder, "text")


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="needs /dev/stdout")
def test_the_output_is_no_file(folder: Path) -> None:
    command = [sys.executable, "-m", "mmcheck", "verify", "toy.mmc", "--report", "junit:/dev/stdout"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites' in done.stdout


# --- from Python -----------------------------------------------------------------------------------------


def test_from_python(folder: Path) -> None:
    outcome = mmcheck.verify_file("toy.mmc")
    assert json.loads(mmcheck.render_report(outcome, "json"))["exit_code"] == 1
    mmcheck.write_report([outcome, outcome], "junit", folder / "out.xml")
    assert fromstring((folder / "out.xml").read_text(encoding="utf-8")).get("tests") == "4"
    with pytest.raises(ValueError, match="there is no format 'pdf', only json, sarif"):
        mmcheck.render_report(outcome, "pdf")
    wrong = mmcheck.verify_file("missing.mmc")
    assert json.loads(mmcheck.render_report(wrong, "json"))["exit_code"] == 2
    assert "0 of 0 checks ended as expected; 1 error" in mmcheck.render_report(wrong, "markdown")
