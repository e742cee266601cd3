"""The engines by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mmcheck.engines.engine import Engine
from mmcheck.engines.reference.search import ReferenceEngine

ENGINES: Mapping[str, Callable[[], Engine]] = {"reference": ReferenceEngine}
"""How to make each engine."""

DEFAULT = "reference"

NAMES = tuple(ENGINES)
