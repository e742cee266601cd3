"""What `editing` gives, in the words of the protocol."""

from __future__ import annotations

from collections.abc import Iterable

from lsprotocol import types as lsp

from mmcheck.diagnostics import Diagnostic, Severity
from mmcheck.editing.analysis import Analysis
from mmcheck.editing.completion import Proposal
from mmcheck.editing.hover import Hover
from mmcheck.editing.outline import Item
from mmcheck.editing.rename import Renaming
from mmcheck.editing.symbols import Kind
from mmcheck.lsp.places import position, span_range, to_uri
from mmcheck.source import Span

SOURCE = "mmcheck"

SYMBOLS = {
    Kind.MODULE: lsp.SymbolKind.Module,
    Kind.SORT: lsp.SymbolKind.Class,
    Kind.ENUM: lsp.SymbolKind.Enum,
    Kind.ENUM_VALUE: lsp.SymbolKind.EnumMember,
    Kind.STRUCT: lsp.SymbolKind.Struct,
    Kind.FIELD: lsp.SymbolKind.Field,
    Kind.CONSTANT: lsp.SymbolKind.Constant,
    Kind.VARIABLE: lsp.SymbolKind.Variable,
    Kind.DEF: lsp.SymbolKind.Function,
    Kind.TRANSITION: lsp.SymbolKind.Method,
    Kind.PROCESS: lsp.SymbolKind.Namespace,
    Kind.STEP: lsp.SymbolKind.Method,
    Kind.PROCESS_LOCAL: lsp.SymbolKind.Field,
    Kind.PARAMETER: lsp.SymbolKind.Variable,
    Kind.LOCAL: lsp.SymbolKind.Variable,
    Kind.PROPERTY: lsp.SymbolKind.Property,
    Kind.CHECK: lsp.SymbolKind.Event,
}

COMPLETIONS = {
    Kind.MODULE: lsp.CompletionItemKind.Module,
    Kind.SORT: lsp.CompletionItemKind.Class,
    Kind.ENUM: lsp.CompletionItemKind.Enum,
    Kind.ENUM_VALUE: lsp.CompletionItemKind.EnumMember,
    Kind.STRUCT: lsp.CompletionItemKind.Struct,
    Kind.FIELD: lsp.CompletionItemKind.Field,
    Kind.CONSTANT: lsp.CompletionItemKind.Constant,
    Kind.VARIABLE: lsp.CompletionItemKind.Variable,
    Kind.DEF: lsp.CompletionItemKind.Function,
    Kind.TRANSITION: lsp.CompletionItemKind.Method,
    Kind.PROCESS: lsp.CompletionItemKind.Module,
    Kind.STEP: lsp.CompletionItemKind.Method,
    Kind.PROCESS_LOCAL: lsp.CompletionItemKind.Field,
    Kind.PARAMETER: lsp.CompletionItemKind.Variable,
    Kind.LOCAL: lsp.CompletionItemKind.Variable,
    Kind.PROPERTY: lsp.CompletionItemKind.Property,
    Kind.CHECK: lsp.CompletionItemKind.Event,
}


def location(analysis: Analysis, span: Span) -> lsp.Location:
    """Where a span is, in whichever file."""
    return lsp.Location(to_uri(analysis.index.path_of(span.file)), span_range(span))


def diagnostics(analysis: Analysis, found: Iterable[Diagnostic]) -> list[lsp.Diagnostic]:
    """Those of a text, at places in it. What is to be done about one stands behind what is wrong."""
    return [_diagnostic(analysis, diagnostic) for diagnostic in found]


def _diagnostic(analysis: Analysis, found: Diagnostic) -> lsp.Diagnostic:
    assert found.span is not None
    related = [
        lsp.DiagnosticRelatedInformation(location(analysis, note.span), note.message)
        for note in found.notes
        if note.span is not None
    ]
    error = found.severity is Severity.ERROR
    return lsp.Diagnostic(
        span_range(found.span),
        f"{found.message}\n{found.remedy}" if found.remedy else found.message,
        lsp.DiagnosticSeverity.Error if error else lsp.DiagnosticSeverity.Warning,
        found.code,
        source=SOURCE,
        related_information=related or None,
    )


def hovering(found: Hover) -> lsp.Hover:
    return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, found.markdown), span_range(found.span))


def completions(found: Iterable[Proposal]) -> list[lsp.CompletionItem]:
    return [_completion(proposal) for proposal in found]


def _completion(found: Proposal) -> lsp.CompletionItem:
    doc = lsp.MarkupContent(lsp.MarkupKind.Markdown, found.doc) if found.doc else None
    kind = lsp.CompletionItemKind.Keyword if found.kind is None else COMPLETIONS[found.kind]
    # Names first, then the words of the language.
    order = f"{'1' if found.kind is None else '0'}{found.text}"
    return lsp.CompletionItem(
        found.text, kind=kind, detail=found.detail or None, documentation=doc, sort_text=order
    )


def symbols(items: Iterable[Item]) -> list[lsp.DocumentSymbol]:
    return [
        lsp.DocumentSymbol(
            item.name,
            SYMBOLS[item.kind],
            span_range(item.span),
            span_range(item.place),
            detail=item.kind.value,
            children=symbols(item.children) or None,
        )
        for item in items
    ]


def workspace_edit(analyses: Iterable[Analysis], renaming: Renaming) -> lsp.WorkspaceEdit:
    """The edits of a renaming, in all files."""
    sources = {path: s for a in analyses for path, s in a.index.modules.sources.items()}
    changes = {
        to_uri(path): [
            lsp.TextEdit(
                lsp.Range(position(sources[path], start), position(sources[path], start + len(renaming.old))),
                renaming.new,
            )
            for start in starts
        ]
        for path, starts in renaming.starts.items()
        if starts
    }
    return lsp.WorkspaceEdit(changes=changes)


def whole_text(analysis: Analysis, text: str) -> list[lsp.TextEdit]:
    """The edit that puts another text in the place of all of it."""
    source = analysis.source
    if text == source.text:
        return []
    everything = lsp.Range(lsp.Position(0, 0), position(source, len(source.text)))
    return [lsp.TextEdit(everything, text)]
