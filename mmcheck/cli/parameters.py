"""What the options accept: durations, sizes of memory, settings."""

from __future__ import annotations

import re

import click

MOST_PROCESSES = 64
SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
POWERS_OF_TWO = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}


def duration(value: str) -> float:
    """Seconds, from `30`, `30s`, `5m`, `1.5h` or `200ms`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", value.strip().lower())
    if not match or match[2] not in SECONDS or not float(match[1]):
        raise click.BadParameter(f"{value!r} is not a duration; write seconds, or such as 30s, 5m, 1.5h")
    return float(match[1]) * SECONDS[match[2]]


def memory_size(value: str) -> int:
    """Bytes, from `512M`, `2G` or `1.5GiB`: the units are powers of two."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", value.strip().lower())
    if not match or not float(match[1]):
        raise click.BadParameter(f"{value!r} is not a size; write such as 512M or 2G")
    return int(float(match[1]) * 2 ** POWERS_OF_TWO[match[2]])


def processes(value: str) -> int | None:
    """A number of processes; None for `auto`."""
    if value.strip().lower() == "auto":
        return None
    if not value.isdecimal() or not 1 <= int(value) <= MOST_PROCESSES:
        raise click.BadParameter(f"{value!r} is not `auto` or a number from 1 to {MOST_PROCESSES}")
    return int(value)


def setting(value: str) -> str:
    """`NAME=VALUE`, as it is."""
    if not re.fullmatch(r"\s*[A-Za-z_][A-Za-z0-9_]*\s*=\s*\S.*", value):
        raise click.BadParameter(f"{value!r} is not NAME=VALUE, such as Page=3 or wait_for_pins=false")
    return value
