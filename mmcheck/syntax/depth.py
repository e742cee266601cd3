"""How deep a tree is: every later phase follows trees by recursion, so that a limit here is one for all."""

from __future__ import annotations

from collections.abc import Iterator

from mmcheck.syntax.ast import Node

DEEPEST_TREE = 150
"""Python allows 1000 nested calls; a phase may take several for each level."""

DEEPEST_BRACKETS = 100


def too_deep(root: Node) -> Node | None:
    """The first node found below the limit, if there is one."""
    level: list[Node] = [root]
    for _ in range(DEEPEST_TREE):
        level = [child for node in level for child in _children(node)]
        if not level:
            return None
    return level[0]


def _children(node: Node) -> Iterator[Node]:
    for name in node.__struct_fields__:
        value = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from value
