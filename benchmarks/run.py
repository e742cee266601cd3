"""Measures mmcheck and other model checkers on the same models: `python -m benchmarks.run --help`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import measure, results, table
from benchmarks.cases import HERE, MODELS, SIZE_NAMES, Case, cases
from benchmarks.results import Results, Row
from benchmarks.tools import DEFAULT_CC, DEFAULT_MMCHECK, Tool, tools

README = HERE / "README.md"


class StopError(Exception):
    """The run cannot go on; the text says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.quick:
        options.sizes, options.runs = ("small",), 1
    try:
        found = _measured(options)
    except (StopError, measure.CommandError, ValueError) as error:
        sys.stderr.write(f"benchmarks: {error}\n")
        return 1
    if options.results:
        results.write(options.results, found)
    if options.readme:
        table.write_into(README, found)
    sys.stdout.write(table.markdown(found))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    names = [tool.name for tool in tools(DEFAULT_MMCHECK, DEFAULT_CC)]
    parser.add_argument("--models", type=_names(MODELS), default=MODELS, help=f"of {', '.join(MODELS)}")
    parser.add_argument(
        "--sizes", type=_names(SIZE_NAMES), default=SIZE_NAMES[1:], help=f"of {', '.join(SIZE_NAMES)}"
    )
    parser.add_argument("--tools", type=_names(names), default=(), help=f"of {', '.join(names)}")
    parser.add_argument("--runs", type=int, default=5, help="runs of each tool on each model and size")
    parser.add_argument("--large-runs", type=int, help="runs at the size large; else as --runs")
    parser.add_argument("--limit", type=float, default=600, help="seconds for one run of one tool")
    parser.add_argument("--quick", action="store_true", help="one run, the size small only")
    parser.add_argument("--mmcheck", default=DEFAULT_MMCHECK, help="the command that runs mmcheck")
    parser.add_argument("--cc", default=DEFAULT_CC, help="the C compiler with its flags (%(default)s)")
    parser.add_argument("--results", type=Path, help="a file to keep the results in, and to add these to")
    parser.add_argument("--readme", action="store_true", help="write the table into benchmarks/README.md")
    return parser


def _names(known: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        wrong = [name for name in text.split(",") if name not in known]
        if wrong:
            raise argparse.ArgumentTypeError(f"{', '.join(wrong)}: not among {', '.join(known)}")
        return tuple(text.split(","))

    return parse


def _measured(options: argparse.Namespace) -> Results:
    """Everything that was asked for, added to the file of results; raises where two tools disagree."""
    kept = Results(results.machine())
    if options.results:
        kept = results.read(options.results, kept.machine)
    chosen = _present(tools(options.mmcheck, options.cc), options.tools)
    for case in cases(options.models, options.sizes):
        runs = options.large_runs if case.size.name == "large" and options.large_runs else options.runs
        kept = kept.replaced(_case(case, chosen, runs, options.limit))
        if options.results:
            results.write(options.results, kept)
        if problems := results.disagreements(kept.rows):
            raise StopError("\n".join(["the tools do not agree:", *problems]))
    return kept


def _present(known: list[Tool], names: Sequence[str]) -> list[Tool]:
    """The tools that were asked for; without a choice, those that are installed."""
    if names:
        return [tool for tool in known if tool.name in names]
    missing = [tool.name for tool in known if tool.is_missing()]
    if missing:
        _say(f"not installed, left out: {', '.join(missing)}")
    return [tool for tool in known if tool.name not in missing]


def _case(case: Case, chosen: list[Tool], runs: int, limit: float) -> list[Row]:
    """Each tool `runs` times. They take turns, each time another is the first: a slow minute hits all."""
    measured = [tool for tool in chosen if case.size.name in tool.sizes]
    rows = {
        tool.name: Row(case.model, case.size.name, tool.name, tool.counts.value, limit) for tool in measured
    }
    over: set[str] = set()
    for turn in range(runs):
        first = turn % max(len(measured), 1)
        for tool in measured[first:] + measured[:first]:
            if tool.name in over:
                continue
            try:
                rows[tool.name] = _added(rows[tool.name], case, tool)
            except measure.TimeLimitError:
                over.add(tool.name)
                rows[tool.name] = Row(case.model, case.size.name, tool.name, tool.counts.value, limit)
            _say(_progress(rows[tool.name], turn + 1, runs))
    return list(rows.values())


def _added(row: Row, case: Case, tool: Tool) -> Row:
    """The row with one more run; every run has to find the same. The limit is for all commands together."""
    seconds, left = 0.0, row.limit
    with tempfile.TemporaryDirectory() as folder:
        for command in tool.commands(case, Path(folder)):
            last = measure.run(command, Path(folder), left - seconds)
            seconds += last.seconds
    count = tool.read(last.output)
    if row.seconds and count.states != row.states:
        raise StopError(f"{case}: {tool.name} finds {row.states:,} {row.counts}, and then {count.states:,}")
    return Row(
        row.model, row.size, row.tool, row.counts, row.limit,
        (*row.seconds, seconds), (*row.search, last.seconds), max(row.memory, last.memory),
        count.states, count.transitions,
    )  # fmt: skip


def _progress(row: Row, turn: int, runs: int) -> str:
    took = "over the limit" if row.is_over_limit else f"{row.states:,} {row.counts}, {row.seconds[-1]:.2f} s"
    return f"{row.model} {row.size}, {turn} of {runs}: {row.tool}: {took}"


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
