"""What a process is asked to do for a run, and what it answers: load a spec, judge a check.

A check is handed over by its name: a process loads the spec again, which is faster than to send it.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import TypeAlias, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from mmcheck import session
from mmcheck.core.check import Check
from mmcheck.core.outcome import CheckOutcome, SpecOutcome
from mmcheck.diagnostics import Diagnostic, SpecError
from mmcheck.elaborate.allowances import Allowance
from mmcheck.engines.engine import Observe
from mmcheck.session import Options, Spec

KEPT = 4
"""How many loaded specs a process keeps: it goes back to one only for what no other has begun."""


class Open(Struct, frozen=True):
    """Load a spec, and say which of its checks are to be judged."""

    file: str


class Judge(Struct, frozen=True):
    """Judge a check of a spec, with so many threads and in so much memory."""

    file: str
    check: str
    threads: int
    memory: int | None


Task: TypeAlias = Open | Judge


class Opened(Struct, frozen=True):
    """The outcome of a spec of which no check was judged yet, the checks to judge, how many it has, and which
    warnings its comments allow."""

    outcome: SpecOutcome
    checks: tuple[str, ...] = ()
    declared: int = 0
    allowances: tuple[Allowance, ...] = ()


class Judged(Struct, frozen=True):
    outcome: CheckOutcome


class Refused(Struct, frozen=True):
    """The settings of a check make no sense."""

    diagnostics: tuple[Diagnostic, ...]


class Crashed(Struct, frozen=True):
    """A bug of mmcheck."""

    error: Exception


class Stopped(Struct, frozen=True):
    """The user asked for an end before there was anything to tell."""


Reply: TypeAlias = Opened | Judged | Refused | Crashed | Stopped


class Desk(Struct):
    """Where tasks are done, with the specs that were loaded for them."""

    options: Options
    observe: Observe
    loaded: OrderedDict[str, tuple[Spec, dict[str, Check]]] = field(default_factory=OrderedDict)

    def do(self, task: Task) -> Reply:
        """Do a task. Ctrl-C comes through where no engine makes a verdict of it."""
        try:
            match task:
                case Open(file):
                    return self._open(file)
                case Judge():
                    return self._judge(task)
                case _:
                    assert_never(task)
        except Exception as error:
            return Crashed(error)

    def _open(self, file: str) -> Opened:
        outcome = SpecOutcome(file, Path(file).stem, ())
        try:
            spec = session.load(file, self.options.settings)
            program = spec.program
            outcome = SpecOutcome(program.path, program.name, (), doc=program.doc)
            checks = session.chosen(spec, self.options)
        except SpecError as error:
            return Opened(replace(outcome, diagnostics=error.diagnostics))
        self._keep(file, spec, checks)
        names = tuple(check.name for check in checks)
        return Opened(outcome, names, len(spec.checks), session.heeded(spec, self.options))

    def _judge(self, task: Judge) -> Judged | Refused:
        if task.file not in self.loaded:
            spec = session.load(task.file, self.options.settings)
            self._keep(task.file, spec, session.chosen(spec, self.options))
        spec, checks = self.loaded[task.file]
        preferences = replace(self.options.preferences, threads=task.threads)
        limits = replace(self.options.limits, max_memory=task.memory)
        options = replace(self.options, preferences=preferences, limits=limits)
        try:
            return Judged(session.verify_check(spec, checks[task.check], options, self.observe))
        except SpecError as error:
            return Refused(error.diagnostics)

    def _keep(self, file: str, spec: Spec, checks: tuple[Check, ...]) -> None:
        self.loaded[file] = spec, {check.name: check for check in checks}
        if len(self.loaded) > KEPT:
            self.loaded.popitem(last=False)


def task_name(task: Task) -> str:
    """What a process does, for people."""
    match task:
        case Open(file):
            return file
        case Judge(file, check):
            return f"{file}, {check}"
