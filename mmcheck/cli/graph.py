"""`mmcheck graph`: draw the states of a check, or classes of them, and the steps between."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click
from rich.text import Text

from mmcheck import session
from mmcheck.cli.completion import complete_check, complete_setting
from mmcheck.cli.exits import Exit, last_line
from mmcheck.cli.heartbeat import Heartbeat, rewritable
from mmcheck.cli.interrupts import Interrupts
from mmcheck.cli.output import standard_error, standard_output
from mmcheck.cli.parameters import duration, memory_size, setting
from mmcheck.cli.refusal import refused
from mmcheck.core.stategraph import StateGraph
from mmcheck.diagnostics import SpecError
from mmcheck.elaborate.places import SUFFIX
from mmcheck.engines.engine import Limits
from mmcheck.engines.limits import ordinary_memory_limit
from mmcheck.report.formats import write_whole
from mmcheck.report.graph import FORMATS, render, title
from mmcheck.stategraphs import MOST, state_graph

EXAMPLES = """\b
Examples:
  mmcheck graph docs/examples/seal.mmc --check naive --by sealed --format mermaid
  mmcheck graph gup_writeback.mmc --by "count Task t: pinned[t] != null" -o pins.svg
  mmcheck graph locks.mmc --format dot | dot -Tpdf > locks.pdf
"""
ENDINGS = """\b
Exit codes:
  0    the graph of every state was drawn
  2    wrong usage, a spec with errors, or more nodes than --max-nodes
  3    a limit came first (states, time, memory); what was found is drawn
  4    internal error: a bug in mmcheck
  130  interrupted: nothing was drawn
The last line on stderr always says which.
"""
SUFFIXES = {".dot": "dot", ".gv": "dot", ".graphml": "graphml", ".mmd": "mermaid", ".svg": "svg"}


def _no_spec(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
    """Refuse a file that is a spec by its name, whatever the format."""
    if value is not None and value.suffix == SUFFIX:
        raise click.BadParameter(f"{str(value)!r} would be a spec by its name, and no graph replaces one")
    return value


@click.command(epilog=f"{EXAMPLES}\n{ENDINGS}", short_help="Draw a state graph.")
@click.argument("spec", type=click.Path(), metavar="SPEC")
@click.option(
    "--check",
    metavar="NAME",
    shell_complete=complete_check,
    show_default="the first",
    help="The check whose states are drawn.",
)
@click.option(
    "--by",
    multiple=True,
    metavar="EXPR",
    show_default="a node for each state",
    help="A variable, or any expression over the state: states with the same values of all of these are one "
    "node, with how many they are. Repeatable.",
)
@click.option(
    "--format",
    type=click.Choice(FORMATS),
    show_default="by the name of the file; dot on stdout",
    help="How the graph is written.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    show_default="stdout",
    callback=_no_spec,
    help="Where the graph is written.",
)
@click.option(
    "--max-nodes",
    type=click.IntRange(min=1),
    default=MOST,
    show_default=True,
    metavar="N",
    help="Refuse a graph with more nodes.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    type=setting,
    metavar="NAME=VALUE",
    show_default="as the check says",
    shell_complete=complete_setting,
    help="Set a constant or the size of a sort. Repeatable.",
)
@click.option(
    "--max-states",
    type=click.IntRange(min=1),
    metavar="N",
    show_default="no limit",
    help="Stop the search after N states, and draw what was found.",
)
@click.option(
    "--timeout",
    type=duration,
    metavar="TIME",
    show_default="no limit",
    help="Stop the search after this time: 30 (seconds), 5m.",
)
@click.option(
    "--max-memory",
    type=memory_size,
    metavar="SIZE",
    show_default="80% of the machine's memory",
    help="Stop the search before the process takes more memory than this: 512M, 2G.",
)
def graph(
    spec: str,
    check: str | None,
    by: tuple[str, ...],
    format: str | None,
    output: Path | None,
    max_nodes: int,
    settings: tuple[str, ...],
    max_states: int | None,
    timeout: float | None,
    max_memory: int | None,
) -> Exit:
    """Draw the states of a check of SPEC and the steps between them.

    With --by, states that agree on some variables or expressions become one node, so that a graph of a
    million states can be read. Initial and violating nodes are marked. Ends with 3, and draws what was found,
    where a limit came first.
    """
    err = standard_error("auto", None)
    heartbeat = Heartbeat(err.stream, rewritable(err), err.width)
    interrupts = click.get_current_context().find_object(Interrupts) or Interrupts()
    limits = Limits(max_states, None, timeout, max_memory or ordinary_memory_limit())
    make = partial(
        state_graph,
        check=check,
        by=_expressions(by),
        most=max_nodes,
        limits=limits,
        observe=interrupts.before(heartbeat),
    )
    try:
        found = make(session.load(spec, settings))
    except SpecError as error:
        heartbeat.clear()
        return refused(error, err)
    except KeyboardInterrupt:
        heartbeat.clear()
        err.write(Text(last_line(Exit.INTERRUPTED, "nothing was drawn")))
        return Exit.INTERRUPTED
    heartbeat.clear()
    _write(found, format or _format_of(output), output)
    end = Exit.UNKNOWN if found.stopped else Exit.OK
    err.write(Text(last_line(end, title(found))))
    return end


def _expressions(by: tuple[str, ...]) -> tuple[str, ...]:
    """What is asked for. Names may be joined by commas; an expression may have commas of its own."""
    return tuple(
        part.strip()
        for text in by
        for part in (text.split(",") if all(p.strip().isidentifier() for p in text.split(",")) else [text])
    )


def _format_of(output: Path | None) -> str:
    if output is None:
        return "dot"
    known = SUFFIXES.get(output.suffix)
    if known is None:
        raise click.BadParameter(
            f"{output.name!r} does not tell the format; use --format, or one of the suffixes "
            f"{', '.join(SUFFIXES)}",
            param_hint="'--output'",
        )
    return known


def _write(found: StateGraph, format: str, output: Path | None) -> None:
    text = render(found, format)
    if output is None:
        standard_output("never", None).write_plain(text)
        return
    try:
        write_whole(output, text)
    except OSError as error:
        raise click.ClickException(f"cannot write {output}: {error.strerror or error}") from error
