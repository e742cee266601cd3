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
) -> str:
    """`explicit: search, 1,234,567 states (21 bytes each), 45,000/s, depth 12, frontier 345, 21 MiB, 9 s`"""
    parts = (
        *([phase] if phase else []),
        count(states, "state") + (f" ({bytes_per_state} bytes each)" if bytes_per_state else ""),
        f"{rate:,.0f}/s",
        f"depth {depth:,}",
        f"frontier {frontier:,}",
        size(memory),
        duration(seconds),
    )
    return f"{engine}: {', '.join(parts)}"
