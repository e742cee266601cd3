"""The formats in which a run can be written down, by name; and how a file is written."""

from __future__ import annotations

import os
import shutil
import stat
from importlib import import_module
from pathlib import Path

from mmcheck.report.run import Run
from mmcheck.source import real_path

FORMATS = ("json", "sarif", "junit", "itf", "markdown", "html")
"""Their names. `name` lives in the module `mmcheck.report.name`, which has a `render`."""


def render(run: Run, format: str) -> str:
    """A run in a format, whose module is imported only now: text need not wait for it."""
    if format == "json":
        import json as json_text

        from mmcheck.report import json

        found = json.document(run.specs, run.diagnostics, run.exit_code, run.summary, run.version)
        return json_text.dumps(found, indent=2) + "\n"
    text: str = import_module(f"mmcheck.report.{format}").render(run)
    return text


def write_whole(path: Path, text: str) -> None:
    """Write a file so that no reader ever finds half of it: beside its place first, then put there. What is
    no ordinary file, such as a pipe, is written to as it is, and a folder is never replaced. Whoever may read
    it before may do so afterwards."""
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder")
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        path.write_text(text, encoding="utf-8")
        return
    # A link stays one. That of /dev/stdout leads to nothing that has a name, so it was passed by above.
    target = real_path(path)
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with beside.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
