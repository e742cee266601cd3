"""State graphs as DOT, GraphML, Mermaid and SVG, through networkx."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from mmcheck.core.stategraph import StateClass, StateEdge, StateGraph, Tally
from mmcheck.core.types import Value, show_value
from mmcheck.report.quantity import count

if TYPE_CHECKING:
    import networkx

FORMATS = ("dot", "graphml", "mermaid", "svg")
SHOWN = 3
"""Transitions that stand at an arrow; a title, or the last line, says how many others there are."""
VALUES = 8
"""Values that stand in a node which is one state."""


class Arrow(Struct, frozen=True):
    """All edges from one class to another."""

    source: int
    target: int
    edges: tuple[StateEdge, ...]

    @property
    def bad(self) -> bool:
        return any(edge.violating for edge in self.edges)


def render(graph: StateGraph, format: str) -> str:
    """A graph in a format, one of FORMATS. Raises ValueError for another."""
    match format:
        case "dot":
            return "\n".join(_dot(graph)) + "\n"
        case "graphml":
            return _graphml(graph)
        case "mermaid":
            return "\n".join(_mermaid(graph)) + "\n"
        case "svg":
            # It needs the other half of this module.
            from mmcheck.report.graph_svg import svg

            return svg(graph) + "\n"
        case _:
            raise ValueError(f"there is no format {format!r}, only {', '.join(FORMATS)}")


# --- what is said of it ----------------------------------------------------------------------------------


def title(graph: StateGraph) -> str:
    """What is drawn, and whether that is all."""
    what = count(graph.states, "state")
    if graph.collapsed:
        what += f" in {len(graph.classes):,} class{'es' * (len(graph.classes) != 1)}"
    what = f"{what}, {count(graph.steps, 'step')}"
    told = f"{graph.name}, check {graph.check}: {what}"
    return f"{told}; NOT ALL OF IT: {graph.stopped}" if graph.stopped else told


def label(graph: StateGraph, number: int) -> list[str]:
    """The lines in a node."""
    found = graph.classes[number]
    lines = [_value(key, found.values[i]) for i, key in _told(graph, number)]
    if not graph.collapsed and len(lines) > VALUES:
        lines = [*lines[: VALUES - 1], f"and {len(lines) - VALUES + 1} more"]
    if graph.collapsed:
        lines.append(count(found.states, "state"))
    return lines or ["the first state"]


def remarks(found: StateClass) -> list[str]:
    """What is special about a class, a line each."""
    told = []
    if found.initial:
        told.append("initial" if found.initial == found.states else f"initial: {found.initial:,}")
    told += [f"violates {item}" for item in _tallies(found.violating, found.states)]
    told += [f"reaches {item}" for item in _tallies(found.goals, found.states)]
    if found.deadlocks:
        told.append("no step" if found.deadlocks == found.states else f"no step: {found.deadlocks:,}")
    return told


def arrows(graph: StateGraph) -> list[Arrow]:
    """The edges by the classes that they join."""

    def ends(edge: StateEdge) -> tuple[int, int]:
        return edge.source, edge.target

    return [Arrow(*key, tuple(edges)) for key, edges in groupby(sorted(graph.edges, key=ends), key=ends)]


def arrow_lines(arrow: Arrow, graph: StateGraph, most: int = SHOWN) -> list[str]:
    """What stands at an arrow: its transitions, with how many steps each stands for."""
    names = [
        edge.transition + (f" {edge.steps:,}" if graph.collapsed or edge.steps > 1 else "")
        for edge in arrow.edges
    ]
    if len(names) > most:
        names = [*names[: most - 1], f"and {len(names) - most + 1} more"]
    bad = {tally.property for edge in arrow.edges for tally in edge.violating}
    return [*names, *(f"violates {name}" for name in sorted(bad))]


def _told(graph: StateGraph, number: int) -> Iterator[tuple[int, str]]:
    """The keys that are told of a class: all of a collapsed graph; otherwise those that differ from the first
    state, and all of that one which ever change."""
    first, found = graph.classes[0], graph.classes[number]
    for i, key in enumerate(graph.keys):
        if graph.collapsed or found.values[i] != first.values[i]:
            yield i, key


def _value(key: str, value: Value) -> str:
    return f"{key} = {show_value(value)}"


def _tallies(found: tuple[Tally, ...], states: int) -> Iterator[str]:
    for tally in found:
        yield tally.property if tally.count == states else f"{tally.property}: {tally.count:,}"


# --- networkx --------------------------------------------------------------------------------------------


def to_networkx(graph: StateGraph) -> networkx.MultiDiGraph:
    """The graph for programs: a node a class, an edge a transition between two, both with their counts."""
    # It is needed for graphs only, and takes its time to load.
    import networkx

    made = networkx.MultiDiGraph(
        name=title(graph), states=graph.states, steps=graph.steps, stopped=graph.stopped
    )
    for number, found in enumerate(graph.classes):
        values = {key: show_value(value) for key, value in zip(graph.keys, found.values, strict=True)}
        made.add_node(number, label="\n".join(label(graph, number)), **_attributes(found), **values)
    for edge in graph.edges:
        bad = ", ".join(tally.property for tally in edge.violating)
        made.add_edge(edge.source, edge.target, transition=edge.transition, steps=edge.steps, violating=bad)
    return made


def _attributes(found: StateClass) -> dict[str, Any]:
    return {
        "states": found.states,
        "depth": found.depth,
        "initial": found.initial,
        "deadlocks": found.deadlocks,
        "violating": ", ".join(tally.property for tally in found.violating),
        "goals": ", ".join(tally.property for tally in found.goals),
    }


def _graphml(graph: StateGraph) -> str:
    import networkx

    text: str = "\n".join(networkx.generate_graphml(to_networkx(graph)))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + text + "\n"


# --- texts -----------------------------------------------------------------------------------------------


def _dot(graph: StateGraph) -> Iterator[str]:
    yield f"digraph {_quoted(graph.name)} {{"
    yield f"  label={_quoted(title(graph))};"
    yield '  node [shape=box, style=rounded, fontname="monospace", fontsize=10];'
    yield '  edge [fontname="monospace", fontsize=9];'
    for number, found in enumerate(graph.classes):
        lines = [*label(graph, number), *remarks(found)]
        look = ", peripheries=2" if found.initial else ""
        look += ', color="#b3261e", fontcolor="#b3261e"' if found.violating else ""
        yield f"  n{number} [label={_quoted(*lines)}{look}];"
    for arrow in arrows(graph):
        look = ', color="#b3261e", fontcolor="#b3261e"' if arrow.bad else ""
        yield f"  n{arrow.source} -> n{arrow.target} [label={_quoted(*arrow_lines(arrow, graph))}{look}];"
    yield "}"


def _quoted(*lines: str) -> str:
    """A string of DOT, of several lines."""
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'


def _mermaid(graph: StateGraph) -> Iterator[str]:
    yield "---"
    yield f"title: {_plain(title(graph))}"
    yield "---"
    yield "flowchart TD"
    for number, found in enumerate(graph.classes):
        text = "<br/>".join(map(_plain, (*label(graph, number), *remarks(found))))
        opening, closing = ("([", "])") if found.initial else ("[", "]")
        yield f'  n{number}{opening}"{text}"{closing}{":::bad" if found.violating else ""}'
    drawn = arrows(graph)
    for arrow in drawn:
        text = "<br/>".join(map(_plain, arrow_lines(arrow, graph)))
        yield f'  n{arrow.source} -->|"{text}"| n{arrow.target}'
    bad = [str(i) for i, arrow in enumerate(drawn) if arrow.bad]
    if bad:
        yield f"  linkStyle {','.join(bad)} stroke:#b3261e"
    yield "  classDef bad stroke:#b3261e,color:#b3261e"


def _plain(text: str) -> str:
    """A text that Mermaid takes for nothing else: what means something there goes by its number."""
    return "".join(f"#{ord(char)};" if char in '"#;<>&[]{}()|`\\' else char for char in text)
