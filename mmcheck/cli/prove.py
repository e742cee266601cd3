"""`mmcheck prove`: which invariants are inductive for every size, for who looks for one that is missing."""

from __future__ import annotations

import click
from rich.text import Text

from mmcheck import session
from mmcheck.cli.completion import complete_check, complete_property, complete_setting
from mmcheck.cli.exits import Exit, last_line
from mmcheck.cli.heartbeat import Heartbeat, rewritable
from mmcheck.cli.interrupts import Interrupts
from mmcheck.cli.options import color_option, width_option
from mmcheck.cli.output import standard_error, standard_output
from mmcheck.cli.parameters import duration, setting
from mmcheck.cli.refusal import refused
from mmcheck.core.induction import Examination
from mmcheck.diagnostics import SpecError
from mmcheck.engines.engine import Limits
from mmcheck.report import proving
from mmcheck.report.quantity import count

EXAMPLES = """\b
Examples:
  mmcheck prove docs/examples/seal.mmc --check waits     which step breaks which invariant
  mmcheck prove specs/memfd_seal.mmc --property sealed_pages_cannot_change

\b
Exit codes:
  0    all invariants are inductive together, for every size
  1    a step breaks one, from a state that need not be reachable
  2    wrong usage, or a spec with errors
  3    undecided: a limit came first, or no proof for every size covers the spec
  4    internal error: a bug in mmcheck
  130  interrupted
The last line on stderr always says which.
"""


@click.command(epilog=EXAMPLES, short_help="Say which invariants are inductive for every size.")
@click.argument("path", type=click.Path(), metavar="SPEC")
@click.option(
    "--set",
    "settings",
    multiple=True,
    type=setting,
    metavar="NAME=VALUE",
    show_default="as the check says",
    shell_complete=complete_setting,
    help="Set a constant in every check. Repeatable.",
)
@click.option(
    "--check",
    "checks",
    multiple=True,
    metavar="NAME",
    show_default="all",
    shell_complete=complete_check,
    help="Only this check. Repeatable.",
)
@click.option(
    "--property",
    "properties",
    multiple=True,
    metavar="NAME",
    show_default="all",
    shell_complete=complete_property,
    help="Only this invariant; nothing else is assumed then. Repeatable.",
)
@click.option(
    "--timeout",
    type=duration,
    metavar="TIME",
    show_default="no limit",
    help="Stop a check after this time: 30 (seconds), 30s, 5m, 1h.",
)
@width_option
@color_option
def prove(
    path: str,
    settings: tuple[str, ...],
    checks: tuple[str, ...],
    properties: tuple[str, ...],
    timeout: float | None,
    width: int | None,
    color: str,
) -> Exit:
    """Say of each invariant of SPEC whether it is true at first and kept by every transition, for every size
    of every sort, and show a step that breaks it, with as few elements as that takes.

    All invariants are assumed before a step. Where none is broken, `mmcheck verify --engine parametric`
    proves them all; where one is, find out why the state before the step is not reached, and declare that as
    an invariant.
    """
    out, err = standard_output(color, width), standard_error(color, width)
    heartbeat = Heartbeat(err.stream, rewritable(err), err.width)
    interrupts = click.get_current_context().find_object(Interrupts) or Interrupts()
    options = session.Options(settings, checks, properties, Limits(timeout=timeout))
    found: list[Examination] = []
    try:
        spec = session.load(path, settings)
        for check in session.selected_checks(spec, options):
            judged = session.prove_check(spec, check, options, interrupts.before(heartbeat))
            heartbeat.clear()
            if judged[2].outcomes or judged[2].outside or judged[2].stopped:
                out.write(Text("\n" if found else "") + proving.render(*judged, width=out.width))
                found.append(judged[2])
    except SpecError as error:
        return refused(error, err)
    except KeyboardInterrupt:
        heartbeat.clear()
        err.write(Text(last_line(Exit.INTERRUPTED, f"{count(len(found), 'check')} until then")))
        return Exit.INTERRUPTED
    end = _end(found)
    err.write(Text(last_line(end, proving.summary(found))))
    return end


def _end(found: list[Examination]) -> Exit:
    holds = [outcome.holds for examination in found for outcome in examination.outcomes]
    if False in holds:
        return Exit.FAIL
    undecided = None in holds or any(e.stopped or e.outside for e in found)
    return Exit.UNKNOWN if undecided else Exit.OK
