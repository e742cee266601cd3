"""Checks that the editor asks for: `mmcheck verify` in a process of its own, and what came of it.

A process can be stopped at once, whatever an engine is doing, and a search that fills the memory does not
take the editor's server with it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct


class CheckResult(Struct, frozen=True):
    """What became of a check. `problems` are its properties that did not end as expected, and its warnings;
    `report` is a Markdown file with its counterexamples, or None."""

    good: bool
    summary: str
    problems: tuple[str, ...]
    report: Path | None


async def verify(path: Path, check: str, report: Path) -> CheckResult:
    """Verify one check of a saved file; the report is written to a file. Cancelling it ends the process."""
    command = [sys.executable, "-m", "mmcheck", "verify", str(path), "--check", check]
    options = ["--format", "json", "--report", f"markdown:{report}"]
    running = await asyncio.create_subprocess_exec(
        *command,
        *options,
        cwd=path.parent,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await running.communicate()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            running.kill()
        await running.wait()
        raise
    return _result(out, err, report)


def _result(out: bytes, err: bytes, report: Path) -> CheckResult:
    try:
        document: Mapping[str, Any] = json.loads(out)
    except ValueError:
        lines = err.decode(errors="replace").strip().splitlines()
        return CheckResult(False, lines[-1] if lines else "mmcheck ended without a word", (), None)
    problems = [
        problem for spec in document["specs"] for check in spec["checks"] for problem in _problems(check)
    ]
    problems += [d["message"] for spec in document["specs"] for d in spec["diagnostics"]]
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


def _problems(check: Mapping[str, Any]) -> list[str]:
    found = [_problem(prop) for prop in check["properties"] if not prop["as_expected"]]
    return found + [f"{warning['code']}: {warning['message']}" for warning in check["warnings"]]


def _problem(prop: Mapping[str, Any]) -> str:
    trace = prop["trace"]
    steps = "" if trace is None else f" in {trace['length']} steps"
    reason = f" ({prop['reason']})" if prop["reason"] else ""
    return f"{prop['name']}: {prop['verdict']}{steps}, expected {prop['expected']['verdict']}{reason}"
