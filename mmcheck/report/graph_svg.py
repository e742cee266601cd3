"""A state graph as SVG, drawn without any other program; it follows the reader's light or dark setting."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from pathlib import Path

from mmcheck.core.stategraph import StateGraph
from mmcheck.report.graph import Arrow, arrow_lines, arrows, label, remarks, title
from mmcheck.report.graph_labels import Text, place
from mmcheck.report.graph_layout import LOOP, Box, Drawing, Point, layout

CHARACTER, LINE = 6.7, 14.0
"""The room of a character of 11 pixels, and of a line."""
SMALL, SMALL_LINE = 6.1, 12.0
"""The same of the texts of arrows, which have 10 pixels."""
PADDING, MARGIN, TITLE = 8.0, 60.0, 30.0

STYLE = Path(__file__).parent / "templates" / "graph.css"


def svg(graph: StateGraph) -> str:
    """A file that needs nothing else."""
    style = f"<style>{STYLE.read_text(encoding='utf-8')}</style>"
    return picture(graph, ' xmlns="http://www.w3.org/2000/svg"', style)


def picture(graph: StateGraph, attributes: str = "", style: str = "") -> str:
    """The picture as a part of a page, which has the style."""
    texts = [label(graph, i) for i in range(len(graph.classes))]
    notes = [remarks(found) for found in graph.classes]
    sizes = [_size([*text, *note]) for text, note in zip(texts, notes, strict=True)]
    drawn = arrows(graph)
    told = [arrow_lines(a, graph) for a in drawn]
    rooms = [(SMALL * max(map(len, lines)), SMALL_LINE * len(lines)) for lines in told]
    places = layout([c.depth for c in graph.classes], sizes, [(a.source, a.target) for a in drawn], rooms)
    curves = [_curve(a, places, way) for a, way in zip(drawn, places.ways, strict=True)]
    middles = _middles(drawn, curves, rooms, places)
    width, height = places.width + 2 * MARGIN, places.height + MARGIN + TITLE + PADDING
    width = max(width, CHARACTER * len(title(graph)) + 2 * PADDING)
    left = (width - places.width) / 2
    parts = [
        f'<svg{attributes} class="state-graph" role="img" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}">',
        f"<title>{escape(title(graph))}</title>",
        style,
        '<rect class="paper" width="100%" height="100%"/>',
        f'<text x="{PADDING}" y="{PADDING + LINE}">{escape(title(graph))}</text>',
        f'<g transform="translate({left:.1f} {TITLE + PADDING:.1f})">',
        *(_line(a, points) for a, (points, _) in zip(drawn, curves, strict=True)),
        *(
            _arrow(a, graph, points, lines, room, middle)
            for a, (points, _), lines, room, middle in zip(drawn, curves, told, rooms, middles, strict=True)
        ),
        *(_node(graph, i, places.boxes[i], texts[i], notes[i]) for i in range(len(texts))),
        "</g>",
        "</svg>",
    ]
    return "\n".join(parts)


def _size(lines: list[str]) -> tuple[float, float]:
    return max(map(len, lines)) * CHARACTER + 2 * PADDING, len(lines) * LINE + PADDING


def _node(graph: StateGraph, number: int, box: Box, lines: list[str], notes: list[str]) -> str:
    found = graph.classes[number]
    kinds = ["node", *(["initial"] if found.initial else []), *(["bad"] if found.violating else [])]
    left, top = box.x - box.width / 2, box.y - box.height / 2
    parts = [
        f'<g class="{" ".join(kinds)}" data-class="{number}">',
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="6"/>',
    ]
    for i, line in enumerate([*lines, *notes]):
        style = ' class="remark"' if i >= len(lines) else ""
        y = top + PADDING / 2 + LINE * (i + 0.75)
        parts.append(f'<text{style} x="{left + PADDING:.1f}" y="{y:.1f}">{escape(line)}</text>')
    return "".join([*parts, "</g>"])


def _curve(arrow: Arrow, places: Drawing, way: tuple[Point, ...]) -> tuple[list[Point], Point]:
    """The points of an arrow, and where its text stands if nothing is in its way."""
    source, target = places.boxes[arrow.source], places.boxes[arrow.target]
    return _loop(source) if arrow.source == arrow.target else _way(source, target, way)


def _middles(
    drawn: Sequence[Arrow],
    curves: Sequence[tuple[list[Point], Point]],
    rooms: Sequence[tuple[float, float]],
    places: Drawing,
) -> list[Point]:
    """The middles of the texts. Those of loops have room beside their nodes; the others look for it."""
    middles = [wanted for _, wanted in curves]
    free: list[int] = []
    taken = list(places.boxes)
    for i, arrow in enumerate(drawn):
        if arrow.source == arrow.target:
            x, y = middles[i]
            middles[i] = (x + rooms[i][0] / 2, y)
            taken.append(Box(*middles[i], *rooms[i]))
        else:
            free.append(i)
    found = place([Text(*rooms[i], *curves[i]) for i in free], taken)
    for i, middle in zip(free, found, strict=True):
        middles[i] = middle
    return middles


def _line(arrow: Arrow, points: list[Point]) -> str:
    """An arrow as it is seen. All of them are below all texts."""
    bad = " bad" if arrow.bad else ""
    return f'<g class="line{bad}"><path d="{_path(points)}"/>{_head(points)}</g>'


def _arrow(
    arrow: Arrow,
    graph: StateGraph,
    points: list[Point],
    lines: list[str],
    room: tuple[float, float],
    middle: Point,
) -> str:
    """What an arrow says, and the line again for the pointer to touch."""
    every = arrow_lines(arrow, graph, most=len(arrow.edges) + 1)
    (x, _), (width, height) = middle, room
    left, top = x - width / 2, middle[1] - height / 2
    x, anchor = (left, "start") if arrow.source == arrow.target else (x, "middle")
    heights = [top + SMALL_LINE * (i + 0.75) for i in range(len(lines))]
    told = [
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(line)}</text>'
        for line, y in zip(lines, heights, strict=True)
    ]
    return "".join(
        [
            f'<g class="arrow{" bad" if arrow.bad else ""}"><title>{escape(", ".join(every))}</title>',
            f'<path d="{_path(points)}"/>',
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="3"/>',
            *told,
            "</g>",
        ]
    )


def _way(source: Box, target: Box, bends: tuple[Point, ...]) -> tuple[list[Point], Point]:
    """The points of a curve, three for each piece of it, and where its text stands."""
    down, level = target.y > source.y, target.y == source.y
    side = 0.0 if level else (0.18 if down else -0.18)
    # Arrows down leave and enter right of the middle, those up left of it, so that a pair is two lines.
    start = (source.x + side * source.width, source.y + (0.5 if down or level else -0.5) * source.height)
    end = (target.x + side * target.width, target.y + (-0.5 if down else 0.5) * target.height)
    if level:
        low = max(start[1], end[1]) + 30
        return [start, (start[0], low), (end[0], low), end], ((start[0] + end[0]) / 2, low - 6)
    stops = [start, *bends, end]
    points = [start]
    for one, other in pairwise(stops):
        half = (one[1] + other[1]) / 2
        points += [(one[0], half), (other[0], half), other]
    if bends:
        return points, bends[len(bends) // 2]
    return points, ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)


def _loop(box: Box) -> tuple[list[Point], Point]:
    """A loop at the right side of a node."""
    right, half = box.x + box.width / 2, box.height / 4
    far = right + LOOP
    points = [(right, box.y - half), (far, box.y - 2 * half), (far, box.y + 2 * half), (right, box.y + half)]
    return points, (far - 4, box.y)


def _path(points: list[Point]) -> str:
    x, y = points[0]
    curves = (" ".join(f"{x:.1f} {y:.1f}" for x, y in points[i : i + 3]) for i in range(1, len(points), 3))
    return f"M{x:.1f} {y:.1f}" + "".join(f"C{curve}" for curve in curves)


def _head(points: list[Point]) -> str:
    """The head of an arrow, at its last point, in the direction in which the curve comes."""
    (bx, by), (x, y) = points[-2:]
    length = ((x - bx) ** 2 + (y - by) ** 2) ** 0.5 or 1.0
    dx, dy = (x - bx) / length, (y - by) / length
    left, right = (
        (x - 8 * dx - 3.5 * dy, y - 8 * dy + 3.5 * dx),
        (x - 8 * dx + 3.5 * dy, y - 8 * dy - 3.5 * dx),
    )
    corners = " ".join(f"{px:.1f},{py:.1f}" for px, py in ((x, y), left, right))
    return f'<polygon class="head" points="{corners}"/>'
