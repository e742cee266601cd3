"""`mmcheck explore`: walk through a design by hand, in a full-screen explorer."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress

import click
from rich.text import Text

from mmcheck import session
from mmcheck.cli.completion import complete_check, complete_property, complete_setting
from mmcheck.cli.exits import Exit, last_line
from mmcheck.cli.output import is_terminal, standard_error
from mmcheck.cli.parameters import setting
from mmcheck.cli.refusal import refused
from mmcheck.core.trace import Trace
from mmcheck.diagnostics import SpecError
from mmcheck.exploring.walk import Walk
from mmcheck.session import Spec

EXAMPLES = """\b
Examples:
  mmcheck explore specs/memfd_seal.mmc                  its first check
  mmcheck explore specs/memfd_seal.mmc --check merged --set Page=2
  mmcheck explore docs/examples/seal.mmc --property sealed_data_stays --step 2

\b
Exit codes:
  0    the explorer was left
  2    wrong usage, a spec with errors, or no terminal
  4    internal error: a bug in mmcheck
The last line on stderr always says which.
"""


@click.command(epilog=EXAMPLES, short_help="Walk through a design by hand.")
@click.argument("path", type=click.Path(), metavar="SPEC")
@click.option(
    "--check",
    "check_name",
    metavar="NAME",
    shell_complete=complete_check,
    show_default="the first",
    help="The check to walk through.",
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
    "--property",
    "prop",
    metavar="NAME",
    show_default="none",
    shell_complete=complete_property,
    help="Verify this property, and begin in its counterexample or witness.",
)
@click.option(
    "--step",
    type=click.IntRange(min=0),
    metavar="N",
    show_default="the last",
    help="With --property: the step to begin at.",
)
@click.option(
    "--seed", type=int, default=0, metavar="N", show_default=True, help="What random walks come from."
)
def explore(
    path: str,
    check_name: str | None,
    settings: tuple[str, ...],
    prop: str | None,
    step: int | None,
    seed: int,
) -> Exit:
    """Walk through a check of SPEC by hand.

    The screen shows the state, what can happen and what cannot, with the reason, and how the properties fare.
    Steps can be taken, undone and taken at random; `v` offers the counterexamples of the check to walk along,
    `s` saves the way as a scenario.
    """
    err = standard_error("auto", None)
    try:
        spec = session.load(path, settings)
        walk = _walk(spec, check_name)
        trace = None if prop is None else _trace(spec, walk, prop)
    except SpecError as error:
        return refused(error, err)
    if not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        raise click.ClickException("the explorer needs a terminal; `mmcheck simulate` does not")
    # textual is loaded only where it draws.
    from mmcheck.cli.explorer import Explorer

    if trace is not None:
        walk.jump(trace, step)
    explorer = Explorer(walk, seed)
    explorer.run()
    if explorer.return_code:
        # textual has shown the traceback.
        told = "the explorer broke off, which is a bug in mmcheck; please report it with the lines above"
        err.write(Text(last_line(Exit.INTERNAL_ERROR, told)))
        return Exit.INTERNAL_ERROR
    err.write(Text(last_line(Exit.OK, f"left at step {walk.position}")))
    return Exit.OK


def _walk(spec: Spec, name: str | None) -> Walk:
    with suppress(KeyError):
        return Walk.of(spec, name)
    known = ", ".join(check.name for check in spec.checks)
    raise click.UsageError(f"{spec.program.path!r} has no check {name!r}; there are: {known}")


def _trace(spec: Spec, walk: Walk, prop: str) -> Trace:
    """The counterexample of a property, or its first witness."""
    options = session.Options(checks=(walk.check.name,), properties=(prop,))
    outcome = session.verify(spec, options)
    if outcome.diagnostics:
        raise SpecError(outcome.diagnostics)
    found: Sequence[Trace] = [
        trace
        for check in outcome.checks
        for each in check.properties
        if each.prop.name == prop
        for _, trace in session.runs_of(each.verdict)
    ]
    if not found:
        raise click.UsageError(f"{prop!r} has no counterexample and no witness in check {walk.check.name!r}")
    return found[0]
