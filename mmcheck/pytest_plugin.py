"""A plugin for pytest: specs are collected as tests, each check a test of its own.

A spec is collected when it is named on the command line, and in folders when that is asked for: projects keep
specs that are no tests, too. Nothing of mmcheck is loaded before the first spec is collected.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mmcheck.core.outcome import CheckOutcome, SpecOutcome
    from mmcheck.session import Spec

SUFFIX = ".mmc"
WIDTH = 100


class MmcheckWarning(pytest.PytestWarning):
    """What makes a good verdict suspicious, such as a transition that never fires."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mmcheck", "specs for mmcheck")
    group.addoption(
        "--mmcheck",
        action="store_true",
        help="Collect the specs (*.mmc) in folders, too. Default: off; specs that are named are collected "
        "anyway.",
    )
    group.addoption(
        "--mmcheck-timeout",
        metavar="TIME",
        help="Stop a check after this time, such as 30s. Default: no limit.",
    )
    parser.addini("mmcheck", "collect the specs (*.mmc) in folders, too", type="bool", default=False)
    parser.addini("mmcheck_timeout", "stop a check after this time, such as 30s", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a time limit that is none before anything is collected."""
    _timeout(config)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix != SUFFIX:
        return None
    config = parent.config
    asked = config.getoption("mmcheck") or config.getini("mmcheck")
    if not asked and not parent.session.isinitpath(file_path):
        return None
    return SpecFile.from_parent(parent, path=file_path)


class SpecFile(pytest.File):
    """A spec."""

    def collect(self) -> Iterator[pytest.Item]:
        from mmcheck import session
        from mmcheck.diagnostics import SpecError

        try:
            spec = session.load(self.shown)
        except SpecError as error:
            raise self.CollectError(_diagnostics(error)) from error
        for check in spec.checks:
            yield CheckItem.from_parent(self, name=check.name, spec=spec)

    @property
    def shown(self) -> str:
        """The path as messages have it: from the current folder on, where it lies below."""
        here = Path.cwd()
        return str(self.path.relative_to(here)) if self.path.is_relative_to(here) else str(self.path)


class CheckItem(pytest.Item):
    """A check of a spec. It passes when every property ends as it expects, and is skipped when that is not
    known."""

    def __init__(self, *, spec: Spec, **extra: Any) -> None:
        super().__init__(**extra)
        self.spec = spec

    def runtest(self) -> None:
        from mmcheck.core.outcome import Ending

        outcome = self._outcome()
        for check in outcome.checks:
            for warning in check.warnings:
                place = f" ({warning.span})" if warning.span else ""
                self.warn(MmcheckWarning(f"{warning.code}: {warning.message}{place}"))
        if outcome.ending is Ending.LIMIT:
            pytest.skip(_without_verdict(outcome.checks[0]))
        if outcome.ending is not Ending.AS_EXPECTED:
            raise UnexpectedEndingError(outcome)

    def _outcome(self) -> SpecOutcome:
        """What came out of the check, now or in an earlier run."""
        from mmcheck import session
        from mmcheck.cache.question import question
        from mmcheck.cache.remembering import cache_in_use
        from mmcheck.engines.engine import Limits

        limits = Limits(timeout=_timeout(self.config))
        options = session.Options(checks=(self.name,), limits=limits)
        cache, asked = cache_in_use(), question(self.spec.program.path, options)
        known = cache.recall(asked) if cache is not None and asked is not None else None
        if known is not None:
            return known
        outcome = session.verify(self.spec, options)
        if any(check.interrupted for check in outcome.checks):
            raise KeyboardInterrupt
        if cache is not None and asked is not None:
            cache.keep(asked, outcome)
        return outcome

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The report of mmcheck instead of a traceback of it."""
        from mmcheck.diagnostics import SpecError
        from mmcheck.report import text

        match excinfo.value:
            case UnexpectedEndingError(outcome=outcome) if outcome.diagnostics:
                return _diagnostics(SpecError(outcome.diagnostics))
            case UnexpectedEndingError(outcome=outcome):
                # The first line is the one that pytest's summary has.
                return f"{_unexpected(outcome)}\n\n{text.render(outcome, WIDTH).plain}"
            case MmcheckWarning() as warning:
                # The project makes warnings errors.
                return str(warning)
            case _:
                return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        found = next((check.span for check in self.spec.checks if check.name == self.name), None)
        own = found is not None and Path(found.file.name).resolve() == self.path
        return self.path, found.line - 1 if found is not None and own else None, f"check {self.name}"


class UnexpectedEndingError(Exception):
    """A check that did not end as it expects."""

    def __init__(self, outcome: SpecOutcome) -> None:
        super().__init__(outcome.name)
        self.outcome = outcome


def _timeout(config: pytest.Config) -> float | None:
    """The time limit of a check, of the command line or else of the project."""
    text = config.getoption("mmcheck_timeout") or config.getini("mmcheck_timeout")
    if not text:
        return None
    import click

    from mmcheck.cli.parameters import duration

    try:
        return duration(text)
    except click.BadParameter as error:
        raise pytest.UsageError(f"mmcheck_timeout: {error.message}") from error


def _unexpected(outcome: SpecOutcome) -> str:
    """What did not end as expected: `clean: violated in 2 steps`."""
    from mmcheck.core.outcome import Ending
    from mmcheck.report.phrases import verdict_phrase

    properties = (p for check in outcome.checks for p in check.properties)
    return "; ".join(
        f"{p.prop.name}: {verdict_phrase(p)}" for p in properties if p.ending is Ending.UNEXPECTED
    )


def _without_verdict(check: CheckOutcome) -> str:
    from mmcheck.core.verdict import Unknown

    told = {p.verdict.reason for p in check.properties if isinstance(p.verdict, Unknown)}
    return f"no verdict: {'; '.join(sorted(told))}"


def _diagnostics(error: Any) -> str:
    from mmcheck.report import diagnostics

    return "\n\n".join(diagnostics.render(d, WIDTH).plain for d in error.diagnostics)
