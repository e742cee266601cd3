"""What a command says of a spec with errors, and how it ends then."""

from __future__ import annotations

from rich.text import Text

from mmcheck.cli.exits import Exit, last_line
from mmcheck.cli.output import Output
from mmcheck.diagnostics import SpecError
from mmcheck.report import diagnostics
from mmcheck.report.quantity import count


def refused(error: SpecError, err: Output) -> Exit:
    """Tell all errors, and the last line."""
    for diagnostic in error.diagnostics:
        err.write(diagnostics.render(diagnostic, err.width) + Text("\n"))
    err.write(Text(last_line(Exit.ERROR, count(len(error.diagnostics), "error"))))
    return Exit.ERROR
