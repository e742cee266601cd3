"""The language server over standard input and output: what the protocol asks, answered from `editing`.

References: Language Server Protocol 3.17; pygls does the talking.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Protocol

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from mmcheck import __version__
from mmcheck.diagnostics import SpecError
from mmcheck.editing.analysis import Analysis
from mmcheck.editing.completion import complete
from mmcheck.editing.hover import hover
from mmcheck.editing.looking import definitions, occurrences, references
from mmcheck.editing.outline import outline
from mmcheck.editing.rename import RenameError, renamable, rename
from mmcheck.editing.symbols import Role
from mmcheck.linting.run import lint
from mmcheck.lsp import convert
from mmcheck.lsp.checks import SHOW, VERIFY, Checks
from mmcheck.lsp.library import Library
from mmcheck.lsp.places import offset, span_range, to_path, to_uri
from mmcheck.syntax.formatting.formatter import format_text


class Place(Protocol):
    """What the parameters of all requests about a place in a text have."""

    text_document: lsp.TextDocumentIdentifier
    position: lsp.Position


PAUSE = 0.2
"""Seconds without a keystroke after which a text is read again."""


class Server(LanguageServer):
    """The server, with what it knows of the texts that are open."""

    def __init__(self, pause: float = PAUSE) -> None:
        super().__init__("mmcheck", __version__)
        self.pause = pause
        self.library = Library()
        self.checks = Checks(self, self.library, self.renew)
        self.waiting: asyncio.Task[None] | None = None

    # --- texts -------------------------------------------------------------------------------------------

    def take(self, uri: str, text: str | None) -> None:
        """A text as it stands in the editor now; None when it was closed."""
        path = to_path(uri)
        if path is None:
            return
        self.library.put(path, text)
        self.checks.outdated()
        if text is None:
            self.publish(path, [])

    def soon(self) -> None:
        """Publish diagnostics once nobody has typed for a moment."""
        if self.waiting is not None:
            self.waiting.cancel()
        self.waiting = asyncio.ensure_future(self._publish_soon())

    async def _publish_soon(self) -> None:
        await asyncio.sleep(self.pause)
        self.publish_all()

    def publish_all(self) -> None:
        """Publish the diagnostics of all open texts: what one says may depend on another."""
        for path in self.library.texts:
            analysis = self.library.analysis(path)
            if analysis is not None:
                found = [*self.found(analysis), *self.checks.diagnostics(analysis)]
                self.publish(path, found)

    def found(self, analysis: Analysis) -> list[lsp.Diagnostic]:
        """The errors of a text; where it has none, what is suspicious in it."""
        suspicious = () if analysis.spec is None else lint(analysis.spec)
        own = [d for d in suspicious if d.span is not None and d.span.file is analysis.source]
        return [*convert.diagnostics(analysis, analysis.here()), *convert.diagnostics(analysis, own)]

    def publish(self, path: Path, found: list[lsp.Diagnostic]) -> None:
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(to_uri(path), found))

    def renew(self, path: Path) -> None:
        """There is news of a check: show it."""
        self.publish_all()
        lens = self.client_capabilities.workspace and self.client_capabilities.workspace.code_lens
        if lens and lens.refresh_support:
            self.workspace_code_lens_refresh(None)

    # --- places ------------------------------------------------------------------------------------------

    def analysis(self, document: lsp.TextDocumentIdentifier) -> Analysis | None:
        path = to_path(document.uri)
        return None if path is None else self.library.analysis(path)

    def at(self, params: Place) -> tuple[Analysis, int] | None:
        """The text that is asked about, and the offset in it."""
        analysis = self.analysis(params.text_document)
        return None if analysis is None else (analysis, offset(analysis.source, params.position))

    def importers(self, analysis: Analysis, at: int) -> list[Analysis]:
        """The texts of the project that may name what stands at a place."""
        named = analysis.index.at(analysis.path, at)
        if named is None:
            return []
        return self.library.importers(analysis.index.path_of(named.definition.span.file))


def make(pause: float = PAUSE) -> Server:
    """A server with all that it answers."""
    server = Server(pause)
    _follow_texts(server)
    _look(server)
    _format(server)
    _rename(server)
    _check(server)
    return server


def _follow_texts(server: Server) -> None:
    @server.feature(lsp.INITIALIZED)
    def initialized(ls: Server, params: lsp.InitializedParams) -> None:
        folders = [to_path(uri) for uri in ls.workspace.folders]
        ls.library.folders = [folder for folder in folders if folder is not None]

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(ls: Server, params: lsp.DidOpenTextDocumentParams) -> None:
        ls.take(params.text_document.uri, params.text_document.text)
        ls.publish_all()

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(ls: Server, params: lsp.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        ls.take(uri, ls.workspace.get_text_document(uri).source)
        ls.soon()

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(ls: Server, params: lsp.DidCloseTextDocumentParams) -> None:
        ls.take(params.text_document.uri, None)

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def changed_elsewhere(ls: Server, params: lsp.DidChangeWatchedFilesParams) -> None:
        ls.library.forget()
        ls.soon()


def _look(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hovering(ls: Server, params: lsp.HoverParams) -> lsp.Hover | None:
        place = ls.at(params)
        found = None if place is None else hover(*place)
        return None if found is None else convert.hovering(found)

    @server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    def definition(ls: Server, params: lsp.DefinitionParams) -> list[lsp.Location]:
        place = ls.at(params)
        return [] if place is None else [convert.location(place[0], span) for span in definitions(*place)]

    @server.feature(lsp.TEXT_DOCUMENT_REFERENCES)
    def referring(ls: Server, params: lsp.ReferenceParams) -> list[lsp.Location]:
        place = ls.at(params)
        if place is None:
            return []
        return [
            lsp.Location(to_uri(path), span_range(found.span))
            for path, found in references(*place, ls.importers(*place))
            if params.context.include_declaration or found.role is Role.USES
        ]

    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    def highlight(ls: Server, params: lsp.DocumentHighlightParams) -> list[lsp.DocumentHighlight]:
        place = ls.at(params)
        return (
            [] if place is None else [lsp.DocumentHighlight(span_range(o.span)) for o in occurrences(*place)]
        )

    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def symbols(ls: Server, params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
        analysis = ls.analysis(params.text_document)
        return [] if analysis is None else convert.symbols(outline(analysis.declarations))

    @server.feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=["."]))
    def completion(ls: Server, params: lsp.CompletionParams) -> list[lsp.CompletionItem]:
        place = ls.at(params)
        if place is None:
            return []
        analysis, at = place
        return convert.completions(complete(analysis, analysis.source.text, at))


def _format(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_FORMATTING)
    def layout(ls: Server, params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit]:
        analysis = ls.analysis(params.text_document)
        if analysis is None:
            return []
        try:
            return convert.whole_text(analysis, format_text(analysis.source.text, analysis.source.name))
        except SpecError:
            return []  # Its errors are seen already; a text with syntax errors is left as it is.


def _rename(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_PREPARE_RENAME)
    def prepare(ls: Server, params: lsp.PrepareRenameParams) -> lsp.Range | None:
        place = ls.at(params)
        span = None if place is None else renamable(*place)
        return None if span is None else span_range(span)

    @server.feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))
    def renaming(ls: Server, params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
        place = ls.at(params)
        if place is None:
            return None
        others = ls.importers(*place)
        try:
            found = rename(*place, params.new_name, others)
        except RenameError as error:
            raise JsonRpcException(str(error), lsp.LSPErrorCodes.RequestFailed) from error
        return convert.workspace_edit([place[0], *others], found)


def _check(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_CODE_LENS)
    def lenses(ls: Server, params: lsp.CodeLensParams) -> list[lsp.CodeLens]:
        analysis = ls.analysis(params.text_document)
        return [] if analysis is None else list(ls.checks.lenses(analysis))

    @server.command(VERIFY)
    async def verify(ls: Server, uri: str, check: str) -> None:
        path = to_path(uri)
        if path is not None:
            await ls.checks.verify(path, check)

    @server.command(SHOW)
    def show(ls: Server, uri: str, check: str) -> None:
        path = to_path(uri)
        if path is not None:
            ls.checks.show(path, check)

    @server.feature(lsp.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    def stop(ls: Server, params: lsp.WorkDoneProgressCancelParams) -> None:
        ls.checks.stop(params.token)

    @server.feature(lsp.SHUTDOWN)
    def close(ls: Server, params: None) -> None:
        ls.checks.close()
