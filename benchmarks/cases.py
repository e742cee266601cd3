"""What is measured: the models, and each in several sizes."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

HERE = Path(__file__).parent


class Size(Struct, frozen=True):
    """A check of a model: its name there, and what it sets. `states` is a power of two above their number."""

    name: str
    tasks: int
    pages: int
    states: int


class Case(Struct, frozen=True):
    """One model in one size."""

    model: str
    size: Size

    def __str__(self) -> str:
        return f"{self.model} {self.size.name}"


SIZES = {
    "memfd_pins": (
        Size("tiny", 2, 2, 1 << 10),
        Size("small", 3, 3, 1 << 17),
        Size("medium", 4, 3, 1 << 22),
        Size("large", 3, 5, 1 << 25),
        Size("symmetric", 5, 4, 1 << 36),
    ),
    "page_faults": (
        Size("tiny", 1, 2, 1 << 14),
        Size("small", 2, 2, 1 << 17),
        Size("medium", 3, 2, 1 << 21),
        Size("large", 2, 3, 1 << 25),
        Size("symmetric", 3, 3, 1 << 30),
    ),
}
MODELS = tuple(SIZES)
SIZE_NAMES = ("tiny", "small", "medium", "large", "symmetric")
"""The last has two million orbits or more: it is for those that use symmetry."""


def cases(models: tuple[str, ...], sizes: tuple[str, ...]) -> list[Case]:
    """The cases of these models and sizes, smallest first."""
    return [
        Case(model, size) for name in sizes for model in models for size in SIZES[model] if size.name == name
    ]
