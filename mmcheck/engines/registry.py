"""The engines by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mmcheck.engines.engine import Engine
from mmcheck.engines.reference.search import ReferenceEngine


def _explicit() -> Engine:
    # NumPy is loaded where the engine is used, so that commands that need none start fast.
    from mmcheck.engines.explicit.engine import ExplicitEngine

    return ExplicitEngine()


ENGINES: Mapping[str, Callable[[], Engine]] = {"explicit": _explicit, "reference": ReferenceEngine}
"""How to make each engine."""

DEFAULT = "reference"

NAMES = tuple(ENGINES)
