"""Why a predicate is false: its smallest false part, with the values that make it so."""

from __future__ import annotations

from dataclasses import dataclass

from mmcheck.core.terms import Term
from mmcheck.core.types import Value


@dataclass(frozen=True, slots=True)
class Blame:
    """`part` is false (or raised a model error); `bindings` are the names bound around it that it mentions,
    `reads` the cells that its evaluation read, such as `("data'[Page#1]", "old")`, each once, in the order of
    evaluation. `part.span` says where it is written."""

    part: Term
    bindings: tuple[tuple[str, Value], ...]
    reads: tuple[tuple[str, Value], ...]
