"""Engines that behave badly or oddly on purpose, for the races of a portfolio: made in a helper's process."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

from mmcheck.core.certify import Reprove
from mmcheck.core.instance import Instance
from mmcheck.core.outcome import Statistics
from mmcheck.core.terms import Literal
from mmcheck.core.types import BOOL
from mmcheck.core.verdict import Inductive, Proved, Unknown, Verdict
from mmcheck.engines import registry
from mmcheck.engines.engine import Answer, Engine, Limits, Observe, Progress
from mmcheck.engines.limits import TimeLeft
from mmcheck.engines.parametric.engine import ParametricEngine
from mmcheck.engines.registry import ENGINES

MARK = "MMCHECK_TEST_RIVALS"
"""Names a folder in which a fake leaves a file when it is at work."""


def answer(instance: Instance, verdicts: dict[str, Verdict]) -> Answer:
    fired = {t.name: 0 for t in instance.system.transitions}
    return Answer(verdicts, Statistics("fake", 0, 0, 0, 0.0, 0, False, fired), {})


def progress(phase: str) -> Progress:
    return Progress("fake", phase, 0, 0, 0, 0, 0.0, 0)


class Fake:
    """What the fakes have in common: a name, and a sign that they began."""

    name = "fake"

    def begin(self, properties: tuple[str, ...]) -> None:
        if MARK in os.environ:
            lines = [str(os.getpid()), *properties]
            Path(os.environ[MARK], type(self).__name__).write_text("\n".join(lines), encoding="utf-8")


class Sleeper(Fake):
    """Ignores all limits, and sends no sign of life."""

    def check(
        self, instance: Instance, properties: tuple[str, ...], limits: Limits, observe: Observe
    ) -> Answer:
        self.begin(properties)
        time.sleep(600)
        raise AssertionError


class Crasher(Fake):
    def check(
        self, instance: Instance, properties: tuple[str, ...], limits: Limits, observe: Observe
    ) -> Answer:
        raise ValueError("a mistake of ours")


class Killed(Fake):
    """Ends as a solver does that runs into a fault of its own."""

    def check(
        self, instance: Instance, properties: tuple[str, ...], limits: Limits, observe: Observe
    ) -> Answer:
        os.abort()


class Liar(Fake):
    """Claims that everything is proved, by a lemma that says nothing."""

    def check(
        self, instance: Instance, properties: tuple[str, ...], limits: Limits, observe: Observe
    ) -> Answer:
        evidence = Inductive((Literal(True, BOOL),), ("true",))
        return answer(instance, dict.fromkeys(properties, Proved(evidence)))


class Undecided(Fake):
    """Prints where messages go, and gives up at once."""

    def check(
        self, instance: Instance, properties: tuple[str, ...], limits: Limits, observe: Observe
    ) -> Answer:
        self.begin(properties)
        os.write(1, b"what a library says")
        observe(progress("thinking"))
        return answer(instance, dict.fromkeys(properties, Unknown("it is too hard")))


class Greedy(Fake):
    """Takes more memory than it may, and looks at no limit."""

    def check(
        self, instance: Instance, properties: tuple[str, ...], limits: Limits, observe: Observe
    ) -> Answer:
        taken = bytearray(600 * 2**20)
        for place in range(0, len(taken), 4096):
            taken[place] = 1
        time.sleep(600)
        raise AssertionError


def sleeper() -> Engine:
    return Sleeper()


def crasher() -> Engine:
    return Crasher()


def killed() -> Engine:
    return Killed()


def liar() -> Engine:
    return Liar()


def undecided() -> Engine:
    return Undecided()


def greedy() -> Engine:
    return Greedy()


def reproof(
    instance: Instance, properties: tuple[str, ...], verdicts: Mapping[str, Verdict], time: TimeLeft
) -> Reprove:
    return registry.reproof(instance, properties, time=time)


def kinduction() -> Engine:
    return ENGINES["kinduction"]()


def for_every_size() -> Engine:
    return ParametricEngine(rest=False)


def bmc() -> Engine:
    return ENGINES["bmc"]()
