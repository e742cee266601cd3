"""How a check of a shipped file ends, number by number."""

from __future__ import annotations

from msgspec import Struct, field


class Pin(Struct, frozen=True):
    """How a check ends. `violated` has the lengths of the counterexamples, None for what is unreachable;
    `shown` those of the witnesses. All other properties are proved by exhaustion."""

    file: str
    check: str
    states: int
    depth: int
    violated: dict[str, int | None] = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
