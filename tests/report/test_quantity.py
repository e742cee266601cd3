"""Numbers as people read them."""

from __future__ import annotations

from mmcheck.report.progress import progress_line
from mmcheck.report.quantity import count, duration, size


def test_counts() -> None:
    assert [count(n, "state") for n in (0, 1, 1024)] == ["0 states", "1 state", "1,024 states"]
    assert count(2, "property") == "2 properties"


def test_durations() -> None:
    found = [duration(seconds) for seconds in (0.25, 3.14, 12, 119.7, 200, 7500)]
    assert found == ["0.25 s", "3.1 s", "12 s", "2 min 00 s", "3 min 20 s", "2 h 05 min"]


def test_sizes() -> None:
    assert [size(210 * 2**20), size(3 * 2**29)] == ["210 MiB", "1.5 GiB"]


def test_progress() -> None:
    beside = progress_line(
        "explicit", "search", 0, 0.0, 0, 0, 2**20, 3.0, beside=("ic3: frame 4", "bmc: encoding")
    )
    assert beside == "explicit: search, 1 MiB, 3.0 s; ic3: frame 4; bmc: encoding"
    line = progress_line("explicit", "", 1_234_567, 45_000.4, 12, 3456, 210 * 2**20, 12.2)
    assert line == "explicit: 1,234,567 states, 45,000/s, depth 12, frontier 3,456, 210 MiB, 12 s"
