"""Markdown: pinned as a whole, narrow enough for a mail, and understood by a parser that others wrote."""

from __future__ import annotations

import re
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec.structs import replace

from mmcheck.diagnostics import Diagnostic
from mmcheck.report.markdown import WIDTH, render
from mmcheck.report.run import Run, run_of
from mmcheck.report.text import Traces

from . import examples


def everything(traces: Traces = Traces.UNEXPECTED) -> Run:
    error = Diagnostic("E300", "bool is not a number", examples.span("refs <= 2"), "write a number")
    specs = (examples.spec(examples.naive(), examples.merged(), examples.limited(), diagnostics=(error,)),)
    run = Run(
        specs, "1.2.3", 2, "mmcheck: ERROR: 1 error", (Diagnostic("E004", "no specs found"),), ("x.mmc",)
    )
    return replace(run, traces=traces)


def tokens(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(text)


def told(text: str, kind: str) -> list[str]:
    """What is in the blocks of a kind, without markup."""
    found = tokens(text)
    return [
        "".join(child.content for child in inline.children or ())
        for before, inline in pairwise(found)
        if before.type == kind
    ]


def test_document(golden: examples.Golden) -> None:
    golden("report/run.md", render(everything()))


def test_it_is_narrow_but_for_tables() -> None:
    lines = [line for line in render(everything(Traces.ALL)).splitlines() if not line.startswith("|")]
    assert [line for line in lines if len(line) > WIDTH] == []


def test_headings_and_tables_are_parsed_as_such() -> None:
    text = render(everything())
    assert told(text, "heading_open") == [
        "Model checking",
        "memfd_seal",
        "Check naive",
        "Check merged",
        "Check large",
    ]
    cells = told(text, "td_open")
    assert cells[:3] == ["ok", "no model error", "proved, 1,024 states, depth 9"]
    assert cells[3:6] == ["ok", "sealed_pages_cannot_change", "violated in 5 steps, as expected"]
    assert len(cells) == 3 * (4 + 6 + 2)


def test_columns_of_a_table_are_aligned_in_the_source() -> None:
    for table in re.findall(r"(?:^\|.*\n)+", render(everything()), re.MULTILINE):
        assert len({tuple(i for i, c in enumerate(row) if c == "|")[:3] for row in table.splitlines()}) == 1


def test_traces_are_those_that_are_asked_for() -> None:
    def fences(traces: Traces) -> int:
        return sum(token.type == "fence" for token in tokens(render(everything(traces))))

    assert (fences(Traces.NONE), fences(Traces.UNEXPECTED), fences(Traces.ALL)) == (0, 3, 6)


def test_prose_is_no_markup() -> None:
    doc = "A *bold* claim about __init__, F_SEAL_WRITE, <b>pages</b>, [x](y) and `code *here*`."
    text = render(run_of([replace(examples.spec(examples.naive()), doc=doc)], "1"))
    inlines = [token for token in tokens(text) if token.type == "inline"]
    kinds = {child.type for token in inlines for child in token.children or ()}
    assert kinds <= {"text", "code_inline", "softbreak", "text_special"}
    assert "F_SEAL_WRITE" in text, "plain where that is enough"
    (paragraph,) = (p for p in told(text, "paragraph_open") if "bold" in p)
    assert paragraph.replace("`", "").startswith(doc.replace("`", "")[:20])
