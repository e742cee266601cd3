"""The checks of open texts in the editor: lenses that verify them, what came of it, progress and stopping."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from lsprotocol import types as lsp
from msgspec import Struct, field
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from mmcheck.editing.analysis import Analysis
from mmcheck.editing.outline import checks
from mmcheck.lsp.checking import CheckResult, verify
from mmcheck.lsp.convert import SOURCE
from mmcheck.lsp.library import Library
from mmcheck.lsp.places import span_range, to_uri

VERIFY = "mmcheck.verify"
SHOW = "mmcheck.showReport"


class Checks(Struct):
    """What the editor's user asked to have verified. `changed` is called when there is news of a path."""

    server: LanguageServer
    library: Library
    changed: Callable[[Path], None]
    results: dict[tuple[Path, str], CheckResult] = field(default_factory=dict)
    running: dict[tuple[Path, str], asyncio.Task[None]] = field(default_factory=dict)
    folder: TemporaryDirectory[str] = field(default_factory=lambda: TemporaryDirectory(prefix="mmcheck-"))
    """For the reports, which nobody asked to be kept."""

    def lenses(self, analysis: Analysis) -> Iterator[lsp.CodeLens]:
        """For each check one that verifies it, and one that shows the report if there is one."""
        for name, span in checks(analysis.declarations):
            place, key = span_range(span), (analysis.path, name)
            arguments = [to_uri(analysis.path), name]
            yield lsp.CodeLens(place, lsp.Command(self._title(key), VERIFY, arguments=arguments))
            result = self.results.get(key)
            if result is not None and result.report is not None:
                yield lsp.CodeLens(place, lsp.Command("Report", SHOW, arguments=arguments))

    def _title(self, key: tuple[Path, str]) -> str:
        if key in self.running:
            return "Verifying … (again to stop)"
        result = self.results.get(key)
        if result is None:
            return "Verify"
        return f"{'✓' if result.good else '✗'} {result.summary}"

    def diagnostics(self, analysis: Analysis) -> Iterator[lsp.Diagnostic]:
        """At each check that was verified and did not end as it expects: how it ended."""
        for name, span in checks(analysis.declarations):
            result = self.results.get((analysis.path, name))
            for problem in result.problems if result is not None else ():
                severe = (
                    lsp.DiagnosticSeverity.Warning if problem[:1] == "W" else lsp.DiagnosticSeverity.Error
                )
                yield lsp.Diagnostic(span_range(span), f"check {name}: {problem}", severe, source=SOURCE)

    def outdated(self) -> None:
        """A text was changed: what was found speaks of what is no longer there."""
        self.results.clear()

    async def verify(self, path: Path, check: str) -> None:
        """Verify a check, or stop it where that is under way."""
        key = (path, check)
        if key in self.running:
            self.running[key].cancel()
            return
        if self.library.is_unsaved(path):
            self._tell(f"{path.name} has changes that are not saved; save it first", lsp.MessageType.Warning)
            return
        task = self.running[key] = asyncio.create_task(self._run(path, check))
        self.changed(path)
        with suppress(asyncio.CancelledError):
            await task

    async def _run(self, path: Path, check: str) -> None:
        token = f"mmcheck/{path.stem}/{check}"
        shown = await self._begin(token, f"Verifying {path.stem}: {check}")
        report = Path(self.folder.name) / f"{path.stem}-{check}.md"
        try:
            self.results[path, check] = await verify(path, check, report)
        finally:
            del self.running[path, check]
            if shown:
                self.server.work_done_progress.end(token, lsp.WorkDoneProgressEnd())
            self.changed(path)

    async def _begin(self, token: str, title: str) -> bool:
        """Show that something is under way, in editors that can."""
        window = self.server.client_capabilities.window
        if window is None or not window.work_done_progress:
            return False
        progress = self.server.work_done_progress
        try:
            if token not in progress.tokens:
                await progress.create_async(token)
        except JsonRpcException:
            return False
        progress.begin(token, lsp.WorkDoneProgressBegin(title, cancellable=True))
        return True

    def stop(self, token: object) -> None:
        """Stop what the editor's user wants to have stopped, by the token of its progress."""
        for (path, check), task in self.running.items():
            if token == f"mmcheck/{path.stem}/{check}":
                task.cancel()

    def show(self, path: Path, check: str) -> None:
        """Open the report of a check in the editor."""
        result = self.results.get((path, check))
        if result is None or result.report is None:
            self._tell(f"there is no report of {check}; verify it first", lsp.MessageType.Info)
            return
        self.server.window_show_document(lsp.ShowDocumentParams(to_uri(result.report)))

    def close(self) -> None:
        """Stop everything, and leave nothing behind."""
        for task in self.running.values():
            task.cancel()
        self.folder.cleanup()

    def _tell(self, text: str, type: lsp.MessageType) -> None:
        self.server.window_show_message(lsp.ShowMessageParams(type, text))
