"""Where the texts of arrows stand: each on its arrow, none on another text or on a node where there is room.

The texts are placed one after the other, the widest first, each at the place of its curve that covers least
of what stands already; among equals, nearest to where its arrow would have it.

References: J. Christensen, J. Marks, S. Shieber, An empirical study of algorithms for point-feature label
placement, ACM Trans. Graphics 1995; this is their greedy baseline.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from mmcheck.report.graph_layout import Box, Point

CELL = 48.0
"""The side of a square of the grid in which neighbours are looked up."""
PLACES = 16
"""Into how many parts each piece of a curve is divided by the places that are tried."""
AIR = 2.0
"""What is left free around a text."""


class Text(Struct, frozen=True):
    """A text to be placed: its size, the curve that it belongs to, three points for each piece of that, and
    where it stands if nothing is in its way."""

    width: float
    height: float
    curve: Sequence[Point]
    wanted: Point


class _Grid(Struct):
    """What stands already, by the squares that it touches."""

    cells: dict[tuple[int, int], list[Box]] = field(default_factory=dict)

    def add(self, box: Box) -> None:
        for cell in _cells(box):
            self.cells.setdefault(cell, []).append(box)

    def covered(self, box: Box) -> float:
        """How much of what stands already would be covered."""
        near = {id(other): other for cell in _cells(box) for other in self.cells.get(cell, ())}
        return sum(_shared(box, other) for other in near.values())


def place(texts: Sequence[Text], taken: Sequence[Box]) -> list[Point]:
    """The middles of the texts, beside what is taken by others."""
    grid = _Grid()
    for box in taken:
        grid.add(box)
    places: dict[int, Point] = {}
    for number in sorted(range(len(texts)), key=lambda i: (-texts[i].width, i)):
        text = texts[number]
        box = min(_candidates(text), key=lambda box: (round(grid.covered(box)), _distance(box, text.wanted)))
        grid.add(box)
        places[number] = (box.x, box.y)
    return [places[number] for number in range(len(texts))]


def _candidates(text: Text) -> Iterator[Box]:
    width, height = text.width + 2 * AIR, text.height + AIR
    yield Box(*text.wanted, width, height)
    for start in range(0, len(text.curve) - 1, 3):
        for i in range(2, PLACES - 1):  # the ends are the nodes, and the heads of arrows
            yield Box(*_point(text.curve[start : start + 4], i / PLACES), width, height)


def _point(piece: Sequence[Point], t: float) -> Point:
    """The point of a cubic Bézier curve."""
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    return (
        sum(weight * x for weight, (x, _) in zip(weights, piece, strict=True)),
        sum(weight * y for weight, (_, y) in zip(weights, piece, strict=True)),
    )


def _distance(box: Box, point: Point) -> float:
    return abs(box.x - point[0]) + abs(box.y - point[1])


def _cells(box: Box) -> list[tuple[int, int]]:
    left, right = (int((box.x + side * box.width / 2) // CELL) for side in (-1, 1))
    top, bottom = (int((box.y + side * box.height / 2) // CELL) for side in (-1, 1))
    return [(x, y) for x in range(left, right + 1) for y in range(top, bottom + 1)]


def _shared(one: Box, other: Box) -> float:
    """The area that two have in common."""
    across = min(one.x + one.width / 2, other.x + other.width / 2) - max(
        one.x - one.width / 2, other.x - other.width / 2
    )
    down = min(one.y + one.height / 2, other.y + other.height / 2) - max(
        one.y - one.height / 2, other.y - other.height / 2
    )
    return max(across, 0.0) * max(down, 0.0)
