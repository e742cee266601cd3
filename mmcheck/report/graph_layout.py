"""Where the nodes and arrows of a state graph are drawn: in layers by depth, from top to bottom.

An arrow over several layers bends at a point in each layer between, which takes part in the ordering of that
layer as a node does. Layers are ordered by the middles of their neighbours, down and up a few times.

References: K. Sugiyama, S. Tagawa, M. Toda, Methods for visual understanding of hierarchical system
structures, IEEE Trans. SMC 1981. The layers are given here: by them one reads how far a state is away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

SWEEPS = 6
GAP_X, GAP_Y = 36.0, 70.0
LOOP = 30.0
"""How far a loop stands out."""
BEND = 14.0
"""The width of the point where an arrow bends."""

Point = tuple[float, float]


class Box(Struct, frozen=True):
    """A node, by its middle."""

    x: float
    y: float
    width: float
    height: float


class Drawing(Struct, frozen=True):
    """`ways` has, for each arrow, the points where it bends between its ends."""

    boxes: tuple[Box, ...]
    ways: tuple[tuple[Point, ...], ...]
    width: float
    height: float


class _Item(Struct):
    """What takes a place in a layer: a node, or a bend."""

    layer: int
    width: float
    height: float
    beside: float = 0.0
    """The room that it needs at its right."""
    above: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)
    x: float = 0.0


def layout(
    depths: Sequence[int],
    sizes: Sequence[tuple[float, float]],
    arrows: Sequence[tuple[int, int]],
    texts: Sequence[float],
) -> Drawing:
    """Place nodes of some depths and sizes, and the arrows between them, with texts of some widths."""
    ranks = {depth: rank for rank, depth in enumerate(sorted(set(depths)))}
    items = [_Item(ranks[depth], *size) for depth, size in zip(depths, sizes, strict=True)]
    bends = [_bends(items, *ends, text) for ends, text in zip(arrows, texts, strict=True)]
    layers: list[list[int]] = [[] for _ in ranks]
    for number, item in enumerate(items):
        layers[item.layer].append(number)
    _order(items, layers)
    width = _place(items, layers)
    tops, height = _tops(items, layers)

    def point(number: int) -> Point:
        layer = items[number].layer
        return items[number].x, tops[layer] + max(items[i].height for i in layers[layer]) / 2

    boxes = tuple(Box(*point(i), *size) for i, size in enumerate(sizes))
    return Drawing(boxes, tuple(tuple(map(point, way)) for way in bends), width, height)


def _bends(items: list[_Item], source: int, target: int, text: float) -> list[int]:
    """Make the bends of an arrow, in the order from its source to its target."""
    if source == target:
        items[source].beside = LOOP + text
        return []
    first, last = items[source].layer, items[target].layer
    if abs(first - last) < 2:
        if first != last:
            _join(items, source, target)
        return []
    step = 1 if last > first else -1
    made: list[int] = []
    before = source
    for layer in range(first + step, last, step):
        items.append(_Item(layer, BEND, 0.0))
        made.append(len(items) - 1)
        _join(items, before, made[-1])
        before = made[-1]
    _join(items, before, target)
    # Its text stands at the bend in the middle.
    items[made[len(made) // 2]].width = max(BEND, text)
    return made


def _join(items: list[_Item], one: int, other: int) -> None:
    """Neighbours in layers beside each other."""
    upper, lower = (one, other) if items[one].layer < items[other].layer else (other, one)
    items[upper].below.append(lower)
    items[lower].above.append(upper)


def _order(items: list[_Item], layers: list[list[int]]) -> None:
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            place = {n: i for other in layers for i, n in enumerate(other)}
            layer.sort(key=lambda n: _middle(items[n].above if down else items[n].below, place, place[n]))


def _middle(neighbours: Sequence[int], place: Mapping[int, int], otherwise: float) -> float:
    if not neighbours:
        return otherwise
    return sum(place[n] for n in neighbours) / len(neighbours)


def _place(items: list[_Item], layers: Sequence[Sequence[int]]) -> float:
    """Give every item its place in its layer, each layer in the middle; the width of the whole."""
    widths = [
        sum(items[n].width + items[n].beside for n in layer) + GAP_X * (len(layer) - 1) for layer in layers
    ]
    width = max(widths)
    for layer, own in zip(layers, widths, strict=True):
        x = (width - own) / 2
        for number in layer:
            items[number].x = x + items[number].width / 2
            x += items[number].width + items[number].beside + GAP_X
    return width


def _tops(items: Sequence[_Item], layers: Sequence[Sequence[int]]) -> tuple[list[float], float]:
    tops: list[float] = []
    y = 0.0
    for layer in layers:
        tops.append(y)
        y += max(items[n].height for n in layer) + GAP_Y
    return tops, y - GAP_Y
