"""Checks that the editor asks for: `mmcheck verify` in a process of its own, and what came of it.

A process can be stopped at once, whatever an engine is doing, and a search that fills the memory does not
take the editor's server with it. It ends when the server ends, even where that is killed (`leash.py`).
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct

from mmcheck.report.quantity import count


class Problem(Struct, frozen=True):
    """A property that did not end as expected, or a warning."""

    text: str
    warns: bool = False


class CheckResult(Struct, frozen=True):
    """What became of a check. `report` is a Markdown file with its counterexamples, or None."""

    good: bool
    summary: str
    problems: tuple[Problem, ...]
    report: Path | None


async def verify(path: Path, check: str, report: Path) -> CheckResult:
    """Verify one check of a saved file; the report is written to a file. Cancelling it ends the process."""
    # -P: what stands in the folder of the spec is no module of ours, whatever it is called.
    command = [sys.executable, "-P", "-m", "mmcheck.lsp.leash", "verify", str(path), "--check", check]
    options = ["--format", "json", "--report", f"markdown:{report}"]
    running = await asyncio.create_subprocess_exec(
        *command,
        *options,
        cwd=path.parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(_places())},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await _output(running)
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            running.kill()
        await running.wait()
        raise
    return _result(out, err, report)


def _places() -> list[str]:
    """Where Python finds this mmcheck, wherever the server was started from."""
    given = os.environ.get("PYTHONPATH")
    return [str(Path(__file__).parents[2]), *([given] if given else [])]


async def _output(running: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    """All that a process writes until it ends. Its stdin stays open, which `communicate` would close."""
    assert running.stdout is not None and running.stderr is not None  # they are pipes
    out, err, _ = await asyncio.gather(running.stdout.read(), running.stderr.read(), running.wait())
    return out, err


def _result(out: bytes, err: bytes, report: Path) -> CheckResult:
    try:
        document: Mapping[str, Any] = json.loads(out)
    except ValueError:
        lines = err.decode(errors="replace").strip().splitlines()
        return CheckResult(False, lines[-1] if lines else "mmcheck ended without a word", (), None)
    problems = [
        problem for spec in document["specs"] for check in spec["checks"] for problem in _problems(check)
    ]
    problems += [Problem(d["message"]) for spec in document["specs"] for d in spec["diagnostics"]]
    good = document["exit_code"] == 0
    return CheckResult(good, _summary(document), tuple(problems), report if report.is_file() else None)


def _summary(document: Mapping[str, Any]) -> str:
    checks = [check for spec in document["specs"] for check in spec["checks"]]
    if len(checks) != 1:
        return str(document["summary"]).removeprefix("mmcheck: ")
    statistics = checks[0]["statistics"]
    ending = {"as expected": "as expected", "limit": "a limit came first"}.get(
        checks[0]["ending"], "unexpected"
    )
    return f"{ending}: {statistics['states']:,} states, {statistics['seconds']:.1f} s"


def _problems(check: Mapping[str, Any]) -> list[Problem]:
    found = [Problem(_problem(prop)) for prop in check["properties"] if not prop["as_expected"]]
    return found + [Problem(f"{w['code']}: {w['message']}", warns=True) for w in check["warnings"]]


def _problem(prop: Mapping[str, Any]) -> str:
    trace = prop["trace"]
    steps = "" if trace is None else f" in {count(trace['length'], 'step')}"
    reason = f" ({prop['reason']})" if prop["reason"] else ""
    return f"{prop['name']}: {prop['verdict']}{steps}, expected {prop['expected']['verdict']}{reason}"
