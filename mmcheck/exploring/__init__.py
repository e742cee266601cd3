"""Exploring: random runs, the nearest miss of a goal, and a walk by hand, on the semantics itself."""

from __future__ import annotations
