"""Numbers as people read them: counted nouns, durations, sizes of memory, verdicts in so many steps."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """`1 state`, `1,024 states`; a noun in `y` becomes `-ies`, one in `ch` `-ches`."""
    if number == 1:
        return f"1 {noun}"
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}{'es' if noun.endswith('ch') else 's'}"
    return f"{number:,} {plural}"


def duration(seconds: float) -> str:
    """`0.25 s`, `12 s`, `3 min 20 s`, `2 h 05 min`: about as many digits as one wants to know."""
    if seconds < 10:
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 120:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def size(count_of_bytes: int) -> str:
    """`210 MiB`, `1.5 GiB`."""
    mebibytes = count_of_bytes / 2**20
    return f"{mebibytes / 1024:.1f} GiB" if mebibytes >= 1024 else f"{mebibytes:.0f} MiB"
