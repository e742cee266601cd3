"""Lint: what is suspicious in a spec, whether or not its checks end as they expect."""

from __future__ import annotations
