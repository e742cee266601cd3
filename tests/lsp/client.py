"""An editor for tests: a client of the language server, which runs as its own process."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

PATIENCE = 60.0


class Editor:
    """What a user of an editor does, over the protocol."""

    def __init__(self, client: LanguageClient) -> None:
        self.client = client
        self.versions: dict[str, int] = {}
        self.published: dict[str, asyncio.Queue[list[lsp.Diagnostic]]] = {}
        self.messages: list[str] = []
        self.shown: list[str] = []

    def diagnostics_queue(self, uri: str) -> asyncio.Queue[list[lsp.Diagnostic]]:
        return self.published.setdefault(uri, asyncio.Queue())

    def open(self, path: Path) -> lsp.TextDocumentIdentifier:
        uri = path.as_uri()
        self.versions[uri] = 0
        item = lsp.TextDocumentItem(uri, "mmcheck", 0, path.read_text())
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        return lsp.TextDocumentIdentifier(uri)

    def type(self, document: lsp.TextDocumentIdentifier, text: str) -> None:
        """Put a text in the place of all."""
        self.versions[document.uri] += 1
        versioned = lsp.VersionedTextDocumentIdentifier(self.versions[document.uri], document.uri)
        change = lsp.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(versioned, [change]))

    async def diagnostics(self, document: lsp.TextDocumentIdentifier) -> list[lsp.Diagnostic]:
        """Those that are published next."""
        return await asyncio.wait_for(self.diagnostics_queue(document.uri).get(), PATIENCE)

    async def errors(self, document: lsp.TextDocumentIdentifier) -> list[lsp.Diagnostic]:
        """The errors among those that are published next."""
        found = await self.diagnostics(document)
        return [diagnostic for diagnostic in found if diagnostic.severity is lsp.DiagnosticSeverity.Error]

    async def ask(self, request: str, params: Any) -> Any:
        """What the server answers."""
        return await asyncio.wait_for(getattr(self.client, f"{request}_async")(params), PATIENCE)


@asynccontextmanager
async def editor(root: Path) -> AsyncIterator[Editor]:
    """An editor with a folder open; in the end the server is shut down, and must have ended well."""
    client = LanguageClient("editor", "1")
    found = Editor(client)

    @client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def published(params: lsp.PublishDiagnosticsParams) -> None:
        found.diagnostics_queue(params.uri).put_nowait(list(params.diagnostics))

    @client.feature(lsp.WINDOW_SHOW_MESSAGE)
    def message(params: lsp.ShowMessageParams) -> None:
        found.messages.append(params.message)

    @client.feature(lsp.WINDOW_SHOW_DOCUMENT)
    def show(params: lsp.ShowDocumentParams) -> lsp.ShowDocumentResult:
        found.shown.append(params.uri)
        return lsp.ShowDocumentResult(True)

    @client.feature(lsp.WINDOW_WORK_DONE_PROGRESS_CREATE)
    def create(params: lsp.WorkDoneProgressCreateParams) -> None:
        return None

    @client.feature(lsp.WORKSPACE_CODE_LENS_REFRESH)
    def refresh(params: None) -> None:
        return None

    await client.start_io(sys.executable, "-m", "mmcheck", "lsp")
    capabilities = lsp.ClientCapabilities(
        window=lsp.WindowClientCapabilities(work_done_progress=True),
        workspace=lsp.WorkspaceClientCapabilities(
            code_lens=lsp.CodeLensWorkspaceClientCapabilities(refresh_support=True)
        ),
    )
    folder = lsp.WorkspaceFolder(root.as_uri(), root.name)
    await client.initialize_async(lsp.InitializeParams(capabilities, workspace_folders=[folder]))
    client.initialized(lsp.InitializedParams())
    try:
        yield found
    finally:
        await asyncio.wait_for(client.shutdown_async(None), PATIENCE)
        client.exit(None)
        await asyncio.wait_for(client.stop(), PATIENCE)
