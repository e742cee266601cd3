"""Measures mmcheck's engines on the specs at growing sizes: `python -m benchmarks.engines --help`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path

from msgspec import Struct, to_builtins

import mmcheck
from benchmarks import measure, results, table
from benchmarks.cases import HERE
from benchmarks.tools import DEFAULT_MMCHECK
from mmcheck.core.system import Liveness, Scenario
from mmcheck.session import instantiate

PAGE = HERE / "engines.md"
ENGINES = ("explicit", "bmc", "ic3", "auto")
SIZES = (2, 3, 4)
CHECKS = {
    "memfd_seal": "merged",
    "gup_writeback": "block_until_unpinned",
    "overlay_copyup": "pages_shared",
    "reflink_page_sharing": "separate_pages",
    "dax_remap": "as_described",
    "dax_sync_fault": "read_only_before_the_flush",
    "memfd_isolate": "corrected",
    "ksm_file_pages": "merged",
}
"""For each spec a check of a design that is sound."""
FOR_THE_SEARCH = (Liveness, Scenario)
"""The kinds of properties that no solver engine is asked about, and here no engine at all."""
TOO_MANY = "E505"
"""What a size that is too large for an engine ends with."""
SLACK = 60.0
"""Seconds behind its own limit after which a run is stopped."""


class DisagreementError(Exception):
    """Two engines concluded differently."""


class Row(Struct, frozen=True):
    """One engine on one check, with so many elements of every sort. `verdicts` are those of properties that
    it decided, of `properties` in all; `states` is 0 where not all of them were visited."""

    spec: str
    size: int
    engine: str
    limit: float
    seconds: float
    properties: int
    verdicts: dict[str, str]
    states: int

    @property
    def key(self) -> tuple[str, int, str]:
        return self.spec, self.size, self.engine


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    machine = {name: results.machine()[name] for name in ("processor", "python")}
    rows = _read(options.results, machine) if options.results else {}
    for spec, size, engine in product(options.specs, options.sizes, options.engines):
        row = measured(spec, size, engine, options)
        rows[row.key] = row
        sys.stderr.write(f"{spec} {size} {engine}: {_cell(row)}\n")
        if options.results:
            document = {"machine": machine, "rows": [to_builtins(row) for row in rows.values()]}
            options.results.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    try:
        agree(rows.values())
    except DisagreementError as error:
        sys.stderr.write(f"benchmarks: {error}\n")
        return 1
    text = markdown(machine, list(rows.values()))
    if options.readme:
        table.write_between(options.page, text)
    sys.stdout.write(text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engines", description=__doc__)
    parser.add_argument("--specs", type=_words, default=tuple(CHECKS), help=f"of {', '.join(CHECKS)}")
    parser.add_argument("--sizes", type=_numbers, default=SIZES, help="elements of every sort (2,3,4)")
    parser.add_argument("--engines", type=_words, default=ENGINES, help=f"of {', '.join(ENGINES)}")
    parser.add_argument("--limit", type=float, default=60, help="seconds for one run (%(default)s)")
    parser.add_argument("--max-memory", default="4G", help="memory for one run (%(default)s)")
    parser.add_argument("--mmcheck", default=DEFAULT_MMCHECK, help="the command that runs mmcheck")
    parser.add_argument("--results", type=Path, help="a file to keep the results in, and to add these to")
    parser.add_argument("--readme", action="store_true", help="write the table into benchmarks/engines.md")
    parser.add_argument("--page", type=Path, default=PAGE, help=argparse.SUPPRESS)
    return parser


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def _read(file: Path, machine: dict[str, str]) -> dict[tuple[str, int, str], Row]:
    """The rows of a file; those of another machine are not to be mixed in."""
    if not file.exists():
        return {}
    document = json.loads(file.read_text(encoding="utf-8"))
    if document["machine"] != machine:
        raise SystemExit(f"benchmarks: {file} was measured elsewhere: {document['machine']}")
    rows = (Row(**row) for row in document["rows"])
    return {row.key: row for row in rows}


# --- measuring -------------------------------------------------------------------------------------------


def measured(spec: str, size: int, engine: str, options: argparse.Namespace) -> Row:
    """One run of one engine, from the start of the process to its end, certification included."""
    path = HERE.parent / "specs" / f"{spec}.mmc"
    command = [
        *options.mmcheck.split(),
        "verify",
        "--no-cache",
        str(path),
        "--check",
        CHECKS[spec],
        "--engine",
        engine,
    ]
    command += ["--timeout", str(options.limit), "--max-memory", options.max_memory, "--format", "json"]
    sorts, properties = declared(path, CHECKS[spec])
    for sort in sorts:
        command += ["--set", f"{sort}={size}"]
    for name in properties:
        command += ["--property", name]
    try:
        # The check has its expectations, the limit may come first, and the size be too much for the engine.
        run = measure.run(command, HERE.parent, options.limit + SLACK, endings=(0, 1, 2, 3))
    except measure.TimeLimitError:
        return Row(spec, size, engine, options.limit, options.limit + SLACK, 0, {}, 0)
    (found,) = json.loads(run.output)["specs"]
    if [diagnostic["code"] for diagnostic in found["diagnostics"]] == [TOO_MANY]:
        return Row(spec, size, engine, options.limit, round(run.seconds, 2), 0, {}, 0)
    (check,) = found["checks"]
    judged = check["properties"]
    verdicts = {p["name"]: p["verdict"] for p in judged if p["verdict"] != "unknown"}
    states = check["statistics"]["states"] if check["statistics"]["complete"] else 0
    return Row(spec, size, engine, options.limit, round(run.seconds, 2), len(judged), verdicts, states)


def declared(path: Path, name: str) -> tuple[list[str], list[str]]:
    """The sorts that an instance of a check has, and the properties to judge there."""
    spec = mmcheck.load(path)
    check, instance = instantiate(spec, next(c for c in spec.checks if c.name == name))
    judged = [p.name for p in instance.system.properties if not isinstance(p, FOR_THE_SEARCH)]
    return sorted(instance.sizes), [name for name in judged if name in check.properties]


def agree(rows: Iterable[Row]) -> None:
    """Raises where two engines concluded differently about one property."""
    known: dict[tuple[str, int, str], str] = {}
    for row in rows:
        for name, verdict in row.verdicts.items():
            if known.setdefault((row.spec, row.size, name), verdict) != verdict:
                raise DisagreementError(f"{row.spec} {row.size}: the engines do not agree on {name}")


# --- the table -------------------------------------------------------------------------------------------


def markdown(machine: dict[str, str], rows: list[Row]) -> str:
    """The machine, and a line for each spec and size."""
    limits = ", ".join(sorted({f"{row.limit:g}" for row in rows}))
    lines = [*(f"- {name}: {value}" for name, value in machine.items()), f"- limit: {limits} s", ""]
    engines = [e for e in ENGINES if any(row.engine == e for row in rows)]
    lines.append(f"| spec | elements | states | {' | '.join(engines)} |")
    lines.append(f"| {' | '.join(['---'] * (len(engines) + 3))} |")
    by_case: dict[tuple[str, int], dict[str, Row]] = {}
    for row in rows:
        by_case.setdefault((row.spec, row.size), {})[row.engine] = row
    for (spec, size), found in sorted(by_case.items(), key=_order):
        states = max(row.states for row in found.values())
        cells = [_cell(found[e]) if e in found else "" for e in engines]
        lines.append(f"| {spec} | {size} | {f'{states:,}' if states else '?'} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _order(item: tuple[tuple[str, int], object]) -> tuple[int, int]:
    (spec, size), _ = item
    return list(CHECKS).index(spec), size


def _cell(row: Row) -> str:
    """`26 of 26, 3.1 s`"""
    if not row.properties:
        return "too large" if row.seconds < row.limit else f"nothing in {row.seconds:.0f} s"
    return f"{len(row.verdicts)} of {row.properties}, {row.seconds:.1f} s"


if __name__ == "__main__":
    sys.exit(main())
