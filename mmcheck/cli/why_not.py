"""`mmcheck why-not`: the nearest miss of a state that is not reached."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click
from rich.text import Text

from mmcheck import __version__, session
from mmcheck.cli.completion import complete_check
from mmcheck.cli.exits import Exit, last_line
from mmcheck.cli.heartbeat import Heartbeat, rewritable
from mmcheck.cli.interrupts import Interrupts
from mmcheck.cli.options import color_option, settings_option, width_option
from mmcheck.cli.output import Output, standard_error, standard_output
from mmcheck.cli.parameters import duration
from mmcheck.cli.refusal import refused
from mmcheck.diagnostics import SpecError
from mmcheck.engines.engine import Limits
from mmcheck.engines.limits import ordinary_memory_limit
from mmcheck.exploring.conjuncts import Label, Part
from mmcheck.exploring.near_miss import NearMiss
from mmcheck.exploring.near_miss import why_not as look
from mmcheck.report import json as json_report
from mmcheck.report import near_miss
from mmcheck.report.layout import block, paragraph, words
from mmcheck.report.quantity import count
from mmcheck.report.styles import BAD, GOOD, TITLE

EXAMPLES = """\b
Examples:
  mmcheck why-not specs/memfd_seal.mmc 'F_SEAL_WRITE in seals && exists Task t: mapping[t] == writable'
  mmcheck why-not specs/memfd_seal.mmc 'has_writer() && F_SEAL_WRITE in seals' --check merged
  mmcheck why-not docs/examples/seal.mmc 'sealed && data == 1' --set Task=3

\b
Exit codes:
  0    it is reached in every check that was asked, and the way is shown
  1    it is not reached in one of them, and the nearest miss is shown
  2    wrong usage, or a spec or an expression with errors
  3    a limit came first: there may be a nearer miss, or a way
  4    internal error: a bug in mmcheck
  130  interrupted
The last line on stderr always says which.
"""


@click.command("why-not", epilog=EXAMPLES, short_help="Show the nearest miss of a state.")
@click.argument("path", type=click.Path(), metavar="SPEC")
@click.argument("goal", metavar="EXPR")
@settings_option
@click.option(
    "--check",
    "checks",
    multiple=True,
    metavar="NAME",
    show_default="the first",
    shell_complete=complete_check,
    help="Ask this check. Repeatable.",
)
@click.option(
    "--timeout",
    type=duration,
    default="1m",
    show_default=True,
    metavar="TIME",
    help="Stop each of the two searches after this time: 30 (seconds), 30s, 5m.",
)
@click.option(
    "--max-states",
    type=click.IntRange(min=1),
    metavar="N",
    show_default="no limit",
    help="Stop each of the two searches after N states.",
)
@click.option(
    "--format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the answer on stdout is written.",
)
@width_option
@color_option
def why_not(
    path: str,
    goal: str,
    settings: tuple[str, ...],
    checks: tuple[str, ...],
    timeout: float,
    max_states: int | None,
    format: str,
    width: int | None,
    color: str,
) -> Exit:
    """Say why no state of SPEC satisfies EXPR, a predicate in its language.

    The reachable state that lacks least is shown, with the way to it, and which conjuncts are false there;
    then what is never true, alone or in pairs. Where EXPR can be reached, a shortest way is shown instead.
    """
    out, err = standard_output(color, width), standard_error(color, width)
    heartbeat = Heartbeat(err.stream, rewritable(err), err.width)
    interrupts = click.get_current_context().find_object(Interrupts) or Interrupts()
    limits = Limits(max_states, None, timeout, ordinary_memory_limit())
    try:
        options = session.Options(settings, checks or _first(path, settings), limits=limits)
        found = look(path, goal, options, interrupts.before(heartbeat))
    except SpecError as error:
        return refused(error, err)
    heartbeat.clear()
    return _tell(found, format, out, err)


def _first(path: str, settings: Sequence[str]) -> tuple[str, ...]:
    return (session.load(path, settings).checks[0].name,)


def _tell(found: Sequence[NearMiss], format: str, out: Output, err: Output) -> Exit:
    end = _exit(found)
    summary = last_line(end, "; ".join(_verdict(miss) for miss in found))
    if format == "json":
        out.write_plain(json.dumps(_document(found, end, summary), indent=2) + "\n")
    else:
        for i, miss in enumerate(found):
            out.write((Text("\n") if i else Text()) + block(_shown(miss, out.width)))
    err.write(Text(summary))
    return end


def _exit(found: Sequence[NearMiss]) -> Exit:
    if any(miss.interrupted for miss in found):
        return Exit.INTERRUPTED
    if any(miss.unreachable and miss.reached is None for miss in found):
        return Exit.FAIL
    return Exit.OK if all(miss.reached for miss in found) else Exit.UNKNOWN


def _verdict(miss: NearMiss) -> str:
    name = miss.check.check.name
    if miss.reached is not None:
        return f"reached in {count(miss.reached.length, 'step')} in check {name}"
    if miss.unreachable:
        return f"not reachable in check {name}"
    return f"not reached in check {name}, as far as the search went"


def _shown(miss: NearMiss, width: int) -> list[Text]:
    instance = miss.check.instance
    lines = [Text.assemble(("why not ", TITLE), miss.goal, f"  (check {miss.check.check.name})"), Text()]
    if miss.reached is not None:
        steps = count(miss.reached.length, "step")
        lines.append(Text(f"It is reached, in {steps} at least:", GOOD))
        return [*lines, Text(), *near_miss.way(miss.reached, instance, width)]
    reduced = miss.check.statistics.symmetry
    up_to = f" up to symmetry of {' and '.join(reduced)}" if reduced else ""
    searched = f"{count(miss.check.statistics.states, 'state')}{up_to}"
    lines.append(
        Text(f"No reachable state satisfies it ({searched}, all visited)." if miss.unreachable
             else f"No state that was visited satisfies it ({searched}).", BAD)
    )  # fmt: skip
    if miss.trace is None:
        return lines
    false = sum(not part.holds for part in miss.parts)
    after = f"after {count(miss.trace.length, 'step')}" if miss.trace.length else "an initial one"
    nearest = f"The nearest of {count(miss.states, 'state')}, {after}, lacks {false} of {len(miss.parts)}:"
    lines += [*paragraph("", words(nearest), width)]
    lines += near_miss.conjuncts(miss.parts, instance, width)
    lines += [Text(), *near_miss.way(miss.trace, instance, width)]
    where = "in any reachable state" if miss.complete else "in any state that was visited"
    if miss.never:
        lines += [Text(), Text(f"Never true {where}:")]
        lines += [line for label in miss.never for line in paragraph("  ", words(_label(label)), width)]
    if miss.apart:
        lines += [Text(), Text(f"Each is true somewhere, but never both {where}:")]
        for one, other in miss.apart:
            lines += paragraph("  ", words(f"{_label(one)}  and  {_label(other)}"), width)
    if miss.limit:
        early = f"The search for it ended early: {miss.limit}."
        lines += [Text(), *paragraph("", words(early), width)]
    return lines


def _label(label: Label) -> str:
    return near_miss.told(label.text, label.bindings, label.positive)


def _document(found: Sequence[NearMiss], end: Exit, summary: str) -> dict[str, Any]:
    return {
        "tool": {"name": "mmcheck", "version": __version__},
        "exit_code": int(end),
        "summary": summary,
        "checks": [_object(miss) for miss in found],
    }


def _object(miss: NearMiss) -> dict[str, Any]:
    instance = miss.check.instance
    trace = miss.reached or miss.trace
    return {
        "check": miss.check.check.name,
        "goal": miss.goal,
        "reached": miss.reached is not None,
        "unreachable": miss.unreachable,
        "states": miss.states,
        "complete": miss.complete,
        "limit": miss.limit,
        "trace": json_report.trace_object(trace, instance) if trace else None,
        "conjuncts": [_conjunct(part) for part in miss.parts],
        "never_true": [_label(label) for label in miss.never],
        "never_true_together": [[_label(one), _label(other)] for one, other in miss.apart],
    }


def _conjunct(part: Part) -> dict[str, Any]:
    span = part.term.span
    text = near_miss.told(span.text if span else repr(part.term), (), part.positive)
    return {
        "text": text,
        "bindings": {name: json_report.value(value) for name, value in part.bindings},
        "holds": part.holds,
    }
