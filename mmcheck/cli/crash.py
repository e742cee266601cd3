"""What the user sees of a bug of ours: where it happened, and how to report it."""

from __future__ import annotations

import platform
import sys

from rich.console import Console
from rich.traceback import Traceback

from mmcheck import __version__


def report_crash(error: Exception, doing: str = "") -> None:
    """Show an exception that should not have come this far."""
    console = Console(file=sys.stderr, highlight=False, markup=False, soft_wrap=True)
    console.print(Traceback.from_exception(type(error), error, error.__traceback__, word_wrap=True))
    when = f", met while {doing}" if doing else ""
    console.print(
        f"A bug in mmcheck{when}: not a mistake of yours, and no verdict.\n"
        "Please report it with the traceback above, the spec, the command line, and this line:\n"
        f"  mmcheck {__version__}, Python {platform.python_version()}, {platform.platform()}"
    )
