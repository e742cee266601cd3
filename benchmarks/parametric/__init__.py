"""Published protocols, to be proved for every size."""

from __future__ import annotations
