"""Mutation: what a spec's properties would notice if the design were weaker."""

from __future__ import annotations
