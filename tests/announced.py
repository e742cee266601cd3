"""The diagnostics that a case file announces: `// error: E302` or `// warning: W600` at the end of a line.

A line with several mistakes names their codes one after the other."""

from __future__ import annotations

import re
from pathlib import Path

CASES = Path(__file__).parent / "cases"

_ANNOUNCED = re.compile(r"// (error|warning): ((?:[EW]\d{3} ?)+)$")

Announced = list[tuple[str, int, str]]
"""The name of a file, a line, and a code."""


def announced(path: Path, severity: str) -> Announced:
    """What a file announces, in the order of its lines."""
    return [
        (path.name, number, code)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if (found := _ANNOUNCED.search(line)) is not None and found[1] == severity
        for code in found[2].split()
    ]
