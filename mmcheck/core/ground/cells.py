"""The graph that one instance is grounded into, with its cells."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from mmcheck.core.codes import code_bounds, encode
from mmcheck.core.dag import Dag
from mmcheck.core.ground.nodes import Nodes
from mmcheck.core.instance import Instance
from mmcheck.core.terms import Local
from mmcheck.core.types import Record, StructType, Type, Value


class Cells(Struct, dict=True):
    """A graph, and the nodes of the cells of an instance in it: as they are, and as they are after a step."""

    instance: Instance

    def __post_init__(self) -> None:
        self._places: dict[tuple[str, tuple[str, ...]], dict[tuple[int | None, ...], slice]] = {}
        sizes = self.instance.sizes
        bounds = tuple(code_bounds(cell.type, sizes) for cell in self.instance.cells)
        # The cells are there twice: as they are, and as they are after a step.
        self.dag = Dag(bounds + bounds)
        self.unchanged = tuple(self.dag.cell(i) for i in range(len(bounds)))
        self.afterwards = tuple(self.dag.cell(i + len(bounds)) for i in range(len(bounds)))

    def input(self, low: int, high: int) -> int:
        """A new cell that belongs to no state."""
        self.dag.cell_bounds = (*self.dag.cell_bounds, (low, high))
        return self.dag.cell(len(self.dag.cell_bounds) - 1)

    def slices(self, variable: str, path: tuple[str, ...]) -> dict[tuple[int | None, ...], slice]:
        """As `Instance.slices`, by the codes of the indices (which are never None)."""
        known = self._places.get((variable, path))
        if known is None:
            types = self.instance.system.variable(variable).indices
            known = self._places[variable, path] = {
                tuple(encode(value, type) for value, type in zip(values, types, strict=True)): cells
                for values, cells in self.instance.slices(variable, path).items()
            }
        return known

    def constant(self, value: Value, type: Type) -> Nodes:
        """A value of a type as nodes."""
        if isinstance(type, StructType):
            assert isinstance(value, Record)
            parts = zip(value.values, type.fields, strict=True)
            return tuple(node for part, inner in parts for node in self.constant(part, inner.type))
        return (self.dag.const(encode(value, type)),)

    def named(self, binders: tuple[Local, ...], binding: Mapping[str, Value]) -> dict[str, Nodes]:
        return {b.name: self.constant(binding[b.name], b.type) for b in binders}
