"""Outcomes as documents, for users of the Python interface."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmcheck import __version__
from mmcheck.core.outcome import SpecOutcome
from mmcheck.core.stategraph import StateGraph
from mmcheck.report.formats import FORMATS, render, write_whole
from mmcheck.report.graph import render as draw
from mmcheck.report.run import run_of


def render_report(outcome: SpecOutcome | Sequence[SpecOutcome], format: str) -> str:
    """The outcome of one spec or of several as a document: `json`, `sarif`, `junit`, `itf`, `markdown` or
    `html`. Raises ValueError for another format."""
    if format not in FORMATS:
        raise ValueError(f"there is no format {format!r}, only {', '.join(FORMATS)}")
    outcomes = (outcome,) if isinstance(outcome, SpecOutcome) else tuple(outcome)
    return render(run_of(outcomes, __version__), format)


def render_graph(graph: StateGraph, format: str) -> str:
    """A state graph as `dot`, `graphml`, `mermaid` or `svg`. Raises ValueError for another format."""
    return draw(graph, format)


def write_report(outcome: SpecOutcome | Sequence[SpecOutcome], format: str, path: str | Path) -> None:
    """Write such a document to a file, whole or not at all. Raises OSError where that is not possible."""
    write_whole(Path(path), render_report(outcome, format))
