"""Who takes a step: the task, CPU or process that a reader would put it down to."""

from __future__ import annotations

from mmcheck.core.instance import Action
from mmcheck.core.types import Elem, show_value

ACTING = frozenset({"task", "thread", "cpu", "core", "proc", "process", "client", "user", "worker", "device"})
"""Sorts of these names act, in any case of letters and with an `s` behind them too."""

SYSTEM = "system"
"""Whoever it is when no parameter says so."""


def actor(action: Action) -> str:
    """An instance of a process, such as `remap[File#0]`; or else the first argument of a sort that acts."""
    process = action.transition.process
    if process is not None:
        return process + "".join(f"[{show_value(arg)}]" for arg in action.args)
    return next((repr(arg) for arg in action.args if isinstance(arg, Elem) and _acts(arg.sort)), SYSTEM)


def _acts(sort: str) -> bool:
    return sort.lower().removesuffix("s") in ACTING
