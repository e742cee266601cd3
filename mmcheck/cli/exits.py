"""How the process may end: its exit codes, in one place."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The worst thing that happened decides: interrupted before internal error before bad input before an
    unexpected ending before a limit."""

    OK = 0
    FAIL = 1
    ERROR = 2
    UNKNOWN = 3
    INTERNAL_ERROR = 4
    INTERRUPTED = 130

    @property
    def word(self) -> str:
        """What the last line on stderr says."""
        return self.name.replace("_", " ")


def last_line(end: Exit, summary: str) -> str:
    """`mmcheck: FAIL: 2 of 7 checks did not end as expected`: one line, whatever the summary holds."""
    return f"mmcheck: {end.word}: {' '.join(summary.split())}"
