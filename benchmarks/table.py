"""Results as Markdown, and the README that holds them."""

from __future__ import annotations

from pathlib import Path

from benchmarks.cases import MODELS, SIZE_NAMES
from benchmarks.results import Results, Row

OURS = ("mmcheck", "mmcheck-no-symmetry")
BEGIN = "<!-- begin: written by run.py --readme -->"
END = "<!-- end -->"

_HEAD = (
    "tool", "states", "of", "time (s)", "of that, search", "runs", "memory (MiB)", "bytes a state",
    "times mmcheck", "times mmcheck without symmetry",
)  # fmt: skip


def markdown(results: Results) -> str:
    """All of it: the machine, a table for each case, and where mmcheck is not the fastest."""
    sections = [
        section
        for model in MODELS
        for size in SIZE_NAMES
        for section in _case([row for row in results.rows if (row.model, row.size) == (model, size)])
    ]
    return "\n\n".join([_machine(results), *sections, "### Where mmcheck loses", losses(results)]) + "\n"


def write_into(page: Path, results: Results) -> None:
    """Put the tables where the page has its markers."""
    write_between(page, markdown(results))


def write_between(page: Path, text: str) -> None:
    """Replace what stands between the markers of the page."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no place for the table: {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")


def losses(results: Results) -> str:
    """Every case and tool that took less time than mmcheck, with symmetry reduction or without it."""
    found = [
        f"- {row.model} {row.size}: {row.tool} needs {row.median / ours.median:.2f} of {ours.tool}'s time."
        for ours in results.rows
        if ours.tool in OURS and not ours.is_over_limit
        for row in results.rows
        if (row.model, row.size) == (ours.model, ours.size)
        and not row.tool.startswith("mmcheck")
        and not row.is_over_limit
        and row.median < ours.median
    ]
    if not any(row.tool in OURS for row in results.rows):
        return "mmcheck's own runs are not among these results."
    return "\n".join(found) if found else "Nowhere in these results."


def _machine(results: Results) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in results.machine.items())


def _case(rows: list[Row]) -> list[str]:
    if not rows:
        return []
    lines = [_line(_HEAD), _line(("---", *["---" if column == 1 else "---:" for column in range(9)]))]
    # Results that were added later stand where they would have stood: mmcheck first.
    lines += [
        _line(_cells(row, rows)) for row in sorted(rows, key=lambda row: not row.tool.startswith("mmcheck"))
    ]
    return [f"### {rows[0].model}, {rows[0].size}", "\n".join(lines)]


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cells(row: Row, rows: list[Row]) -> tuple[str, ...]:
    if row.is_over_limit:
        return (row.tool, "", row.counts, f"over {row.limit:g}", "", "", "", "", "", "")
    return (
        row.tool,
        f"{row.states:,}",
        row.counts,
        f"{row.median:.2f}",
        f"{row.median_search:.2f}",
        str(len(row.seconds)),
        f"{row.memory / 2**20:.0f}",
        f"{row.memory / row.states:,.0f}",
        *(_ratio(row, rows, ours) for ours in OURS),
    )


def _ratio(row: Row, rows: list[Row], name: str) -> str:
    for ours in rows:
        if ours.tool == name and not ours.is_over_limit:
            return f"{row.median / ours.median:.2f}"
    return "–"
