"""The language server as an editor meets it: a process that is spoken to over standard input and output."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from lsprotocol import types as lsp

from mmcheck.lsp.checking import Problem, verify

from .client import Editor, editor

MODEL = """\
spec pages;
sort Page = 2;
state { bool dirty[Page]; }
/// Makes a page dirty.
transition store(Page p) { require !dirty[p]; dirty[p] = true; }
transition clean(Page p) { dirty[p] = false; }
"""
SPEC = """\
spec design;
import pages;
const bool careful = true; // 𝒮
invariant never_dirty(Page p): !dirty[p];
reachable a_page_is_dirty: exists Page p: dirty[p];
check as_it_is { expect violated never_dirty in 1 steps; }
check wrong {}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pages.mmc").write_text(MODEL)
    (tmp_path / "design.mmc").write_text(SPEC)
    return tmp_path


def run(folder: Path, user: Callable[[Editor], Awaitable[None]]) -> None:
    async def session() -> None:
        async with editor(folder) as opened:
            await user(opened)

    asyncio.run(session())


def place(text: str, part: str, shift: int = 0) -> lsp.Position:
    """Where a part of a text begins."""
    at = text.index(part) + shift
    line = text.count("\n", 0, at)
    return lsp.Position(line, at - (text.rfind("\n", 0, at) + 1))


def test_diagnostics_follow_the_typing(folder: Path) -> None:
    async def user(editor: Editor) -> None:
        document = editor.open(folder / "design.mmc")
        assert await editor.errors(document) == []
        editor.type(document, SPEC.replace("!dirty[p];", "!dirt[p];"))
        (found,) = await editor.errors(document)
        assert found.code == "E200" and "did you mean `dirty`?" in found.message
        assert found.range == lsp.Range(lsp.Position(3, 32), lsp.Position(3, 36))
        editor.type(document, SPEC)
        assert await editor.errors(document) == []

    run(folder, user)


def test_errors_in_an_open_import_stand_at_the_import(folder: Path) -> None:
    async def user(editor: Editor) -> None:
        document = editor.open(folder / "design.mmc")
        model = editor.open(folder / "pages.mmc")
        await editor.errors(document)
        assert await editor.errors(model) == []
        assert await editor.errors(document) == []
        editor.type(model, MODEL.replace("dirty[p] = false", "dirty[q] = false"))
        (inside,) = await editor.errors(model)
        assert inside.range.start.line == 5
        (outside,) = await editor.errors(document)
        assert outside.range == lsp.Range(lsp.Position(1, 7), lsp.Position(1, 12))
        assert outside.related_information is not None
        assert outside.related_information[0].location == lsp.Location(model.uri, inside.range)

    run(folder, user)


def test_looking_up_names(folder: Path) -> None:
    async def user(editor: Editor) -> None:
        document, model = editor.open(folder / "design.mmc"), (folder / "pages.mmc").as_uri()
        at = place(SPEC, "dirty[p];")
        (home,) = await editor.ask("text_document_definition", lsp.DefinitionParams(document, at))
        assert home == lsp.Location(model, lsp.Range(lsp.Position(2, 13), lsp.Position(2, 18)))
        told = await editor.ask("text_document_hover", lsp.HoverParams(document, at))
        assert told.contents.value == (
            "```mmcheck\nbool dirty[Page]\n```\n\n*state variable, declared in pages.mmc*"
        )
        context = lsp.ReferenceContext(include_declaration=True)
        all = await editor.ask("text_document_references", lsp.ReferenceParams(context, document, at))
        assert [(Path(o.uri).name, o.range.start.line) for o in all] == [
            ("design.mmc", 3),
            ("design.mmc", 4),
            ("pages.mmc", 2),
            ("pages.mmc", 4),
            ("pages.mmc", 4),
            ("pages.mmc", 5),
        ]
        symbols = await editor.ask("text_document_document_symbol", lsp.DocumentSymbolParams(document))
        assert [s.name for s in symbols] == ["careful", "never_dirty", "a_page_is_dirty", "as_it_is", "wrong"]

    run(folder, user)


def test_completion(folder: Path) -> None:
    async def user(editor: Editor) -> None:
        document = editor.open(folder / "design.mmc")
        text = SPEC + "invariant clean_in_the_end(Page page): "
        editor.type(document, text)
        at = lsp.Position(7, len("invariant clean_in_the_end(Page page): "))
        found = await editor.ask("text_document_completion", lsp.CompletionParams(document, at))
        labels = [item.label for item in found]
        assert {"page", "dirty", "careful", "exists"} <= set(labels)
        assert "transition" not in labels and "store" not in labels

    run(folder, user)


def test_rename_in_all_files_of_the_project(folder: Path) -> None:
    async def user(editor: Editor) -> None:
        document = editor.open(folder / "design.mmc")
        at = place(SPEC, "dirty[p];")
        params = lsp.RenameParams(document, at, "modified")
        edit = await editor.ask("text_document_rename", params)
        assert {Path(uri).name: len(edits) for uri, edits in edit.changes.items()} == {
            "design.mmc": 2,
            "pages.mmc": 4,
        }
        with pytest.raises(Exception, match="`careful` would not mean the same as `dirty`"):
            await editor.ask("text_document_rename", lsp.RenameParams(document, at, "careful"))
        with pytest.raises(Exception, match="`state` is a word of the language"):
            await editor.ask("text_document_rename", lsp.RenameParams(document, at, "state"))

    run(folder, user)


def test_formatting(folder: Path) -> None:
    async def user(editor: Editor) -> None:
        document = editor.open(folder / "design.mmc")
        untidy = SPEC.replace("const bool careful = true;", "const   bool careful=true ;")
        editor.type(document, untidy)
        options = lsp.FormattingOptions(tab_size=4, insert_spaces=True)
        params = lsp.DocumentFormattingParams(document, options)
        (edit,) = await editor.ask("text_document_formatting", params)
        assert "const bool careful = true;" in edit.new_text
        assert (edit.range.start, edit.range.end.line) == (lsp.Position(0, 0), untidy.count("\n"))
        editor.type(document, untidy + "check {")
        assert not await editor.ask("text_document_formatting", params)

    run(folder, user)


def test_what_is_suspicious_is_told(folder: Path) -> None:
    async def user(editor: Editor) -> None:
        document = editor.open(folder / "design.mmc")
        found = await editor.diagnostics(document)
        assert [(d.severity, d.range.start.line) for d in found if "careful" in d.message] == [
            (lsp.DiagnosticSeverity.Warning, 2)
        ]

    run(folder, user)


async def lenses(editor: Editor, document: lsp.TextDocumentIdentifier) -> list[str]:
    found = await editor.ask("text_document_code_lens", lsp.CodeLensParams(document))
    return [lens.command.title for lens in found]


def test_checks_are_verified(folder: Path) -> None:
    async def user(editor: Editor) -> None:
        document = editor.open(folder / "design.mmc")
        await editor.errors(document)
        assert await lenses(editor, document) == ["Verify", "Verify"]
        for check in ("as_it_is", "wrong"):
            params = lsp.ExecuteCommandParams("mmcheck.verify", [document.uri, check])
            await editor.ask("workspace_execute_command", params)
        titles = await lenses(editor, document)
        assert titles[0].startswith("✓ as expected: 3 states") or titles[0].startswith(
            "✓ as expected: 4 states"
        )
        assert titles[2].startswith("✗ unexpected: ") and titles[3] == "Report"
        found: list[lsp.Diagnostic] = []
        while not found:
            found = await editor.errors(document)
        assert found[0].message == "check wrong: never_dirty: violated in 1 step, expected proved"
        assert found[0].range.start == lsp.Position(6, 6)
        show = lsp.ExecuteCommandParams("mmcheck.showReport", [document.uri, "wrong"])
        await editor.ask("workspace_execute_command", show)
        (report,) = editor.shown
        assert "never_dirty" in Path(report.removeprefix("file://")).read_text()
        editor.type(document, SPEC + "\n")
        await editor.errors(document)
        assert await lenses(editor, document) == ["Verify", "Verify"]
        await editor.ask("workspace_execute_command", params)
        assert editor.messages == ["design.mmc has changes that are not saved; save it first"]

    run(folder, user)


LARGE = """spec large;
state { 0..60 a; 0..60 b; 0..60 c; 0..60 d; 0..60 e; }
transition up_a() { require a < 60; a = a + 1; }
transition up_b() { require b < 60; b = b + 1; }
transition up_c() { require c < 60; c = c + 1; }
transition up_d() { require d < 60; d = d + 1; }
transition up_e() { require e < 60; e = e + 1; }
invariant small: a + b + c + d + e <= 300;
check all {}
"""


T = TypeVar("T")


def soon(found: Callable[[], T]) -> T:
    """What is found in the end: not nothing."""
    until = time.monotonic() + 30
    while not (result := found()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return result


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks at processes as Linux shows them")
def test_a_search_ends_with_the_server(tmp_path: Path) -> None:
    """Also where the server is killed, and can tell nobody."""
    spec = tmp_path / "large.mmc"
    spec.write_text(LARGE)

    code = (
        "import asyncio, sys; from pathlib import Path; from mmcheck.lsp.checking import verify\n"
        "asyncio.run(verify(Path(sys.argv[1]), 'all', Path(sys.argv[2])))"
    )
    server = subprocess.Popen([sys.executable, "-c", code, str(spec), str(tmp_path / "report.md")])
    try:
        search = soon(lambda: children(server.pid))
    finally:
        server.kill()
        server.wait()
    assert soon(lambda: not any(Path(f"/proc/{pid}/stat").exists() for pid in search))


def test_nothing_in_the_folder_of_a_spec_is_run(folder: Path) -> None:
    (folder / "json.py").write_text("raise SystemExit('run')")
    result = asyncio.run(verify(folder / "design.mmc", "as_it_is", folder / "report.md"))
    assert result.good, result


def test_a_property_is_no_warning_by_its_name(folder: Path) -> None:
    (folder / "w.mmc").write_text(
        "spec w; state { bool x; } transition t() { x = true; } invariant Wx: !x; check all {}"
    )
    result = asyncio.run(verify(folder / "w.mmc", "all", folder / "report.md"))
    assert result.problems == (Problem("Wx: violated in 1 step, expected proved"),)


def test_what_is_found_of_an_older_text_is_forgotten(folder: Path) -> None:
    async def user(editor: Editor) -> None:
        document = editor.open(folder / "design.mmc")
        await editor.errors(document)
        params = lsp.ExecuteCommandParams("mmcheck.verify", [document.uri, "wrong"])
        running = asyncio.create_task(editor.ask("workspace_execute_command", params))
        while await lenses(editor, document) == ["Verify", "Verify"]:
            await asyncio.sleep(0.02)
        editor.type(document, SPEC + "\n")
        await running
        assert await lenses(editor, document) == ["Verify", "Verify"]

    run(folder, user)
