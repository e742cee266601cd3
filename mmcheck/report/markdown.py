"""Outcomes as Markdown that reads well as plain text, too: for a cover letter, or the summary of a CI job.

Nothing is wider than 75 columns, as kernel mailing lists want it, if names and verdicts allow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from textwrap import wrap

from rich.cells import cell_len

from mmcheck.core.outcome import CheckOutcome, Ending, PropertyOutcome, SpecOutcome
from mmcheck.diagnostics import Diagnostic
from mmcheck.report import induction
from mmcheck.report.layout import place, printable
from mmcheck.report.phrases import expectation, memory, verdict_phrase
from mmcheck.report.run import Run, traces_of
from mmcheck.report.text import evidence, settings, shows, statistics

WIDTH = 75
UNBROKEN = "\0"
_CODE = re.compile(r"`[^`]*`")
_MARKUP = re.compile(r"[\\*<\[\]]|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])")
MARKS = {
    Ending.AS_EXPECTED: "ok",
    Ending.LIMIT: "????",
    Ending.UNEXPECTED: "**FAIL**",
    Ending.BAD_INPUT: "**FAIL**",
}


def render(run: Run) -> str:
    """The whole page."""
    lines = ["# Model checking", ""]
    lines += [f"{_escaped(run.summary.removeprefix('mmcheck: '))} (mmcheck {run.version}).", ""]
    lines += _diagnostics(run.diagnostics)
    for spec in run.specs:
        lines += _spec(spec, run)
    for file in run.crashed:
        lines += _filled(f"A bug in mmcheck kept `{run.path(file)}` from being verified.")
    return "\n".join(lines).rstrip() + "\n"


# --- specs and checks ------------------------------------------------------------------------------------


def _spec(outcome: SpecOutcome, run: Run) -> Iterator[str]:
    yield from (f"## {_escaped(outcome.name)}", "")
    doc = " ".join(outcome.doc.strip().split("\n\n")[0].split())
    yield from _filled(f"{_escaped(doc)} " * bool(doc) + f"(`{run.path(outcome.file)}`)")
    yield from _filled(_escaped(memory(outcome)))
    yield from _diagnostics(outcome.diagnostics)
    for check in outcome.checks:
        yield from _check(check, run)


def _check(outcome: CheckOutcome, run: Run) -> Iterator[str]:
    yield from (f"### Check {_escaped(outcome.check.name)}", "")
    doc = " ".join(outcome.check.doc.strip().split("\n\n")[0].split())
    made = ", ".join(f"`{item}`" for item in settings(outcome.check, outcome.instance))
    yield from _filled(" ".join(part for part in (_escaped(doc), f"With {made}." if made else "") if part))
    yield from _table([("", "property", "verdict"), *map(_row, outcome.properties)])
    yield ""
    yield from _filled(f"{', '.join(statistics(outcome))}.")
    yield from _diagnostics(outcome.warnings)
    if outcome.induction:
        lines = induction.render(outcome.induction, outcome.instance, WIDTH)
        yield from ("```", *(line.plain.rstrip() for line in lines), "```", "")
    for prop in outcome.properties:
        if shows(prop, run.traces) and traces_of(prop):
            yield from ("```", *evidence(prop, outcome.instance, WIDTH).plain.split("\n"), "```", "")


def _row(outcome: PropertyOutcome) -> tuple[str, str, str]:
    told = [verdict_phrase(outcome), expectation(outcome), outcome.note]
    phrase = "; ".join(_escaped(part) for part in told if part)
    return MARKS[outcome.ending], f"`{outcome.prop.name}`", phrase.replace("|", r"\|")


def _diagnostics(found: Sequence[Diagnostic]) -> Iterator[str]:
    """A list of what is wrong, or suspicious."""
    for diagnostic in found:
        where = f" (`{place(diagnostic.span)}`)" if diagnostic.span else ""
        sentence = f"**{diagnostic.severity.value} {diagnostic.code}**: {diagnostic.message}{where}"
        remedy = f"; {diagnostic.remedy}" if diagnostic.remedy else ""
        yield from wrap(printable(sentence + remedy), WIDTH, initial_indent="- ", subsequent_indent="  ")
    if found:
        yield ""


# --- lines -----------------------------------------------------------------------------------------------


def _filled(sentence: str) -> Iterator[str]:
    """A paragraph, and the empty line behind it. What stands in backquotes is not broken."""
    if sentence:
        whole = _CODE.sub(lambda code: code[0].replace(" ", UNBROKEN), printable(sentence))
        for line in wrap(whole, WIDTH, break_long_words=False, break_on_hyphens=False):
            yield line.replace(UNBROKEN, " ")
        yield ""


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table with its columns padded, so that it is one without a renderer, too; the last column hangs."""
    widths = [max(3, *(cell_len(row[i]) for row in rows)) for i in range(len(rows[0]) - 1)]
    for number, row in enumerate(rows):
        cells = [cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=False)]
        yield f"| {' | '.join([*cells, row[-1]])} |"
        if number == 0:
            yield f"| {' | '.join([*('-' * width for width in widths), '---'])} |"


def _escaped(text: str) -> str:
    """Prose in which nothing is taken for markup or HTML; what stands in backquotes is left alone, and so is
    a `_` inside of a word, which means nothing."""
    parts = re.split(r"(`[^`]*`)", printable(text))
    return "".join(part if part.startswith("`") else _MARKUP.sub(r"\\\g<0>", part) for part in parts)
