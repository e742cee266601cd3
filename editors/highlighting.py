"""Writes the files that colour specs in editors, from the words that the grammar has.

    python editors/highlighting.py            writes them
    python editors/highlighting.py --check    ends with 1 where one is not what it would write

A word that the grammar has and no group below is an error: whoever adds one decides how it looks.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from mmcheck.syntax.grammar import grammar
from mmcheck.syntax.lexer import CONTEXTUAL_WORDS

HERE = Path(__file__).resolve().parent

GROUPS: Mapping[str, str] = {
    "declaration": "spec import sort enum struct const state volatile init def transition process step "
    "override fair strong local",
    "property": "invariant reachable liveness scenario check assume deadlock eventually always",
    "statement": "require let choose where if else assert reset goto exit",
    "quantifier": "forall exists count",
    "operator": "in at by",
    "type": "bool set",
    "constant": "true false null any",
    "contextual": " ".join(sorted(CONTEXTUAL_WORDS)),
}
"""How each word looks. The contextual ones are names in most places, and look like words only in checks and
scenarios, and behind `deadlock`."""

SCOPES = {
    "declaration": "storage.type.mmcheck",
    "property": "keyword.other.property.mmcheck",
    "statement": "keyword.control.mmcheck",
    "quantifier": "keyword.operator.quantifier.mmcheck",
    "operator": "keyword.operator.word.mmcheck",
    "type": "support.type.mmcheck",
    "constant": "constant.language.mmcheck",
}
"""The scopes of TextMate grammars (https://macromates.com/manual/en/language_grammars has the usual ones)."""

VIM = {
    "declaration": "StorageClass",
    "property": "Keyword",
    "statement": "Statement",
    "quantifier": "Repeat",
    "operator": "Operator",
    "type": "Type",
    "constant": "Constant",
}
"""The groups that colour schemes of Vim know (`:help group-name`)."""

EXPECTING = r"^\s*(expect|only|blocked)\b"
VERDICTS = r"\b(holds|violated|unknown|steps)\b(?=[^=]*;)"


def words() -> dict[str, list[str]]:
    """The words of each group. Raises ValueError where grammar and groups differ."""
    groups = {name: sorted(text.split()) for name, text in GROUPS.items()}
    grouped = {word for group in groups.values() for word in group}
    known = {word for word in grammar().types if word.isalpha()}
    if grouped != known:
        raise ValueError(f"words without a group, or of no use: {sorted(grouped ^ known)}")
    return groups


def textmate() -> str:
    """A TextMate grammar: VS Code, Sublime Text, JetBrains, GitHub."""
    groups = words()
    patterns: list[dict[str, object]] = [
        {"name": "comment.line.documentation.mmcheck", "match": "///(?!/).*$"},
        {"name": "comment.line.double-slash.mmcheck", "match": "//.*$"},
        {
            "match": r"\b(transition|process|step|def)\s+(?!invariant\b)([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?)",
            "captures": {"1": {"name": SCOPES["declaration"]}, "2": {"name": "entity.name.function.mmcheck"}},
        },
        {
            "match": r"\b(invariant|reachable|liveness|scenario|check|assume)\s+([A-Za-z_]\w*)",
            "captures": {"1": {"name": SCOPES["property"]}, "2": {"name": "entity.name.tag.mmcheck"}},
        },
        {
            "match": r"\b(sort|enum|struct)\s+([A-Za-z_]\w*)",
            "captures": {"1": {"name": SCOPES["declaration"]}, "2": {"name": "entity.name.type.mmcheck"}},
        },
        {"name": SCOPES["property"], "match": r"\bdeadlock\s+free\b|\bno\s+model\s+error\b"},
        {"match": EXPECTING, "captures": {"1": {"name": SCOPES["property"]}}},
        {"name": "support.constant.verdict.mmcheck", "match": VERDICTS},
    ]
    patterns += [
        {"name": scope, "match": rf"\b({'|'.join(groups[group])})\b"} for group, scope in SCOPES.items()
    ]
    patterns += [
        {"name": "constant.numeric.mmcheck", "match": r"\b[0-9]+\b"},
        {"name": "variable.other.primed.mmcheck", "match": r"\b[A-Za-z_]\w*'"},
        {"name": "keyword.operator.mmcheck", "match": r"<=>|=>|~>|\|\||&&|==|!=|<=|>=|\.\.|[!<>=+\-|&?:]"},
    ]
    language = {"name": "mmcheck", "scopeName": "source.mmcheck", "fileTypes": ["mmc"], "patterns": patterns}
    return json.dumps(language, indent=2) + "\n"


def vim() -> str:
    """The syntax file of Vim and Neovim."""
    groups = words()
    lines = [
        '" Colours for specs of mmcheck. Written by editors/highlighting.py: change that.',
        'if exists("b:current_syntax") | finish | endif',
        "",
    ]
    for group, linked in VIM.items():
        lines.append(f"syntax keyword mmcheck{group.title()} {' '.join(groups[group])}")
        lines.append(f"highlight default link mmcheck{group.title()} {linked}")
    lines += [
        r"syntax match mmcheckProperty '\<deadlock\s\+free\>'",
        r"syntax match mmcheckProperty '\<no\s\+model\s\+error\>'",
        r"syntax match mmcheckProperty '^\s*\zs\(expect\|only\|blocked\)\>'",
        r"syntax match mmcheckVerdict '\<\(holds\|violated\|unknown\|steps\)\>\ze[^=]*;'",
        "highlight default link mmcheckVerdict Special",
        r"syntax match mmcheckNumber '\<\d\+\>'",
        "highlight default link mmcheckNumber Number",
        r"syntax match mmcheckName '\(\<\(transition\|process\|step\|def\)\s\+\)\@<=\h\w*\(\.\h\w*\)\?'",
        "highlight default link mmcheckName Function",
        "syntax match mmcheckComment '//.*$' contains=mmcheckTodo,@Spell",
        "syntax match mmcheckDocumentation '///\\(/\\)\\@!.*$' contains=mmcheckTodo,@Spell",
        "syntax keyword mmcheckTodo TODO FIXME XXX contained",
        "highlight default link mmcheckComment Comment",
        "highlight default link mmcheckDocumentation SpecialComment",
        "highlight default link mmcheckTodo Todo",
        "",
        'let b:current_syntax = "mmcheck"',
    ]
    return "\n".join(lines) + "\n"


def files() -> Iterator[tuple[Path, str]]:
    """What is written where."""
    yield HERE / "vscode" / "syntaxes" / "mmcheck.tmLanguage.json", textmate()
    yield HERE / "vim" / "syntax" / "mmcheck.vim", vim()


def main(arguments: list[str]) -> int:
    stale = [(path, text) for path, text in files() if not path.is_file() or path.read_text() != text]
    for path, text in stale:
        if "--check" in arguments:
            print(f"{path} is out of date: run {Path(__file__).name}", file=sys.stderr)  # noqa: T201
        else:
            path.write_text(text, encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
