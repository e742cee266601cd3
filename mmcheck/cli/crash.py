"""What the user sees of a bug of ours: where it happened, and how to report it."""

from __future__ import annotations

import platform
import sys
import traceback

from rich.console import Console

from mmcheck import __version__


def report_crash(error: Exception, doing: str = "", again: bool = False) -> None:
    """Show an exception that should not have come this far; only its last line when it is not the first.

    On a terminal the traceback is set off from the results; in a log or a mail it is Python's own."""
    console = Console(file=sys.stderr, highlight=False, markup=False, soft_wrap=True)
    if again:
        message = "".join(traceback.format_exception_only(error))
    elif console.is_terminal:
        # Loaded where it is needed: it takes longer than many a check.
        from rich.traceback import Traceback

        console.print(Traceback.from_exception(type(error), error, error.__traceback__, word_wrap=True))
        message = ""
    else:
        message = "".join(traceback.format_exception(error))
    when = f", met while {doing}" if doing else ""
    console.print(f"{message}A bug in mmcheck{when}: not a mistake of yours, and no verdict.")
    if not again:
        console.print(
            "Please report it with the traceback above, the spec, the command line, and this line:\n"
            f"  mmcheck {__version__}, Python {platform.python_version()}, {platform.platform()}"
        )
