"""The colours of the output, by what they mean. Every one of them only repeats what the text says."""

from __future__ import annotations

GOOD = "green"
BAD = "bold red"
UNSURE = "yellow"
TITLE = "bold"
CHANGED = "bold cyan"
READ = "bold"
QUIET = "dim"
CODE = "cyan"
