"""What a helper does in its process: engines take turns at the same properties, and each claim is certified.

Nothing leaves the process that is a claim and was not found again: runs are replayed, proofs by induction are
proved once more, so that who hears of it may rely on it. The process ends with the one that started it, which
it knows by a pipe that is closed then, whatever ended that process.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from threading import Thread
from time import monotonic
from typing import IO

from msgspec.structs import replace

from mmcheck.core.certify import CertificationError, Certifier, UnsettledError
from mmcheck.core.system import Liveness, NoModelError, Scenario
from mmcheck.core.verdict import Unknown, Verdict
from mmcheck.engines.engine import Limits, Observe, Progress
from mmcheck.engines.portfolio.work import Claims, Doing, Failed, Refuted, Said, Turn, Work

TELL_EVERY = 0.3
"""Seconds between two signs of life."""


def compete(work: Work, say: Callable[[Said], None]) -> None:
    """Let the engines take their turns until everything is settled that they can settle."""
    settled = set(work.settled)
    for turn in work.turns:
        asked = _asked(work, settled)
        if not asked:
            return
        name = "a solver engine"
        try:
            engine = turn.make()
            name = engine.name
            answer = engine.check(work.instance, asked, _limits(work, turn), _teller(name, say))
            say(Doing(name, "certifying"))
            claims = _certified(work, asked, name, answer.verdicts, settled)
        except CertificationError as error:
            say(Refuted(name, str(error)))
            return
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            what = f"{type(error).__name__}: {error} (in {where.name}, line {where.lineno})"
            say(Failed(name, f"a bug in mmcheck, please report it: {what}"))
            continue
        settled |= claims.verdicts.keys()
        say(claims)


def _asked(work: Work, settled: set[str]) -> tuple[str, ...]:
    """The properties to ask about. Whether a property runs into a model error belongs to `no model error`: as
    long as that is open, all of them are asked about; scenarios never, as they are played at once."""
    kinds = {p.name: p for p in work.instance.system.properties if p.name in work.properties}
    searched = [p for p in kinds.values() if not isinstance(p, Scenario)]
    wanted = [p for p in searched if p.name not in settled and not isinstance(p, Liveness)]
    together = any(isinstance(p, NoModelError) for p in wanted)
    return tuple(p.name for p in (searched if together else wanted))


def _limits(work: Work, turn: Turn) -> Limits:
    """What an engine may take."""
    depths = [d for d in (work.limits.max_depth, turn.max_depth) if d is not None]
    times = [turn.seconds] if turn.seconds is not None else []
    if work.deadline is not None:
        times.append(max(0.1, work.deadline - monotonic()))
    return replace(work.limits, max_depth=min(depths, default=None), timeout=min(times, default=None))


def _teller(name: str, say: Callable[[Said], None]) -> Observe:
    """An observer that tells now and then what is done."""
    told = 0.0

    def observe(progress: Progress) -> None:
        nonlocal told
        if monotonic() - told >= TELL_EVERY:
            told = monotonic()
            say(Doing(name, progress.phase))

    return observe


def _certified(
    work: Work, asked: tuple[str, ...], engine: str, verdicts: Mapping[str, Verdict], settled: set[str]
) -> Claims:
    certifier = Certifier(work.instance, work.reproof(work.instance, asked, verdicts))
    claims: dict[str, Verdict] = {}
    left: dict[str, str] = {}
    for prop in work.instance.system.properties:
        verdict = verdicts.get(prop.name)
        if verdict is None or prop.name in settled:
            continue
        if isinstance(verdict, Unknown):
            left[prop.name] = verdict.reason
            continue
        try:
            claims[prop.name] = certifier.certify(prop, verdict)
        except UnsettledError as error:
            left[prop.name] = f"it was proved, but not proved again: {error}"
    return Claims(engine, claims, left)


# --- the process -----------------------------------------------------------------------------------------


def main() -> None:
    """Read the work from the input, and say on the output what comes of it."""
    # Ctrl-C is for the process that started this one, and then ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    output = Connection(os.dup(1), readable=False)
    with open(os.devnull, "wb") as nowhere:
        # What a library may print is no message.
        os.dup2(nowhere.fileno(), 1)
    source = sys.stdin.buffer
    work: Work = pickle.load(source)
    Thread(target=_end_with, args=(source,), daemon=True).start()
    try:
        compete(work, output.send)
    except BrokenPipeError:
        os._exit(1)
    # At once: threads of a solver that is still at work are not waited for.
    os._exit(0)


def _end_with(source: IO[bytes]) -> None:
    """End the process when the other end of a pipe is closed."""
    source.read(1)
    os._exit(1)
