"""Where a long run stands, in one line."""

from __future__ import annotations

from mmcheck.report.quantity import count, duration, size


def progress_line(
    engine: str,
    phase: str,
    states: int,
    rate: float,
    depth: int,
    frontier: int,
    memory: int,
    seconds: float,
    bytes_per_state: int = 0,
    about: str = "",
    beside: tuple[str, ...] = (),
) -> str:
    """`explicit: search, 1,234,567 states (21 bytes each), 45,000/s, depth 12, frontier 345, 21 MiB, 9 s`"""
    searched = (
        count(states, "state") + (f" ({bytes_per_state} bytes each)" if bytes_per_state else ""),
        f"{rate:,.0f}/s",
        f"depth {depth:,}",
        f"frontier {frontier:,}",
    )
    parts = (
        *([phase] if phase else []),
        # An engine that visits no states says in its phase how far it is.
        *(searched if states else ()),
        size(memory),
        duration(seconds),
    )
    return "; ".join([f"{about + ': ' if about else ''}{engine}: {', '.join(parts)}", *beside])


def mutation_line(done: int, total: int, survived: int) -> str:
    """`mutants: 12 of 98, 1 survived`"""
    return f"mutants: {done:,} of {total:,}, {survived:,} survived"
