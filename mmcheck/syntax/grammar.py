"""The LALR(1) tables of the grammar, made once and kept in the user's cache directory.

The name of the cache file has a hash of all that the tables depend on, so an old file is never used for a
new grammar. A file that cannot be read or written costs the time to make the tables, and nothing else.
"""

from __future__ import annotations

import hashlib
import sys
from copy import copy
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import lark
from lark.lexer import Lexer as LarkLexer
from lark.lexer import PatternStr
from lark.parse_tree_builder import ParseTreeBuilder
from lark.parsers.lalr_interactive_parser import InteractiveParser
from platformdirs import user_cache_dir

from mmcheck.syntax.builder import Builder

START = "declaration"


class _NoLexer(LarkLexer):
    """Stands where lark wants a lexer: its tokens come from ours."""

    def __init__(self, lexer_conf: Any) -> None:
        pass

    def lex(self, lexer_state: Any, parser_state: Any) -> Any:
        raise NotImplementedError("tokens come from mmcheck.syntax.lexer")


class Grammar:
    """The tables, and parsers that run on them."""

    def __init__(self, tables: lark.Lark) -> None:
        self.tables = tables
        self.builders = ParseTreeBuilder(  # type: ignore[no-untyped-call]
            tables.rules, lark.Tree, maybe_placeholders=True
        )

    @cached_property
    def types(self) -> dict[str, str]:
        """The terminal of each word and sign that the grammar quotes."""
        return {
            terminal.pattern.value: terminal.name
            for terminal in self.tables.terminals
            if isinstance(terminal.pattern, PatternStr)
        }

    @cached_property
    def texts(self) -> dict[str, str]:
        """The word or sign of each terminal that has one."""
        return {name: text for text, name in self.types.items()}

    def actions(self, builder: Builder) -> dict[Any, Any]:
        """What `parser` takes to build the tree of one file."""
        return self.builders.create_callback(builder)  # type: ignore[no-any-return, no-untyped-call]

    def accepted(self, parser: InteractiveParser) -> frozenset[str]:
        """What a parser without actions would take next: words and signs, NAME, NUMBER and $END."""
        terminals: set[str] = parser.accepts()  # type: ignore[no-untyped-call]
        return frozenset(self.texts.get(terminal, terminal) for terminal in terminals)

    def parser(self, actions: dict[Any, Any]) -> InteractiveParser:
        """A parser of one declaration; without actions it only says what is accepted."""
        parser = self.tables.parse_interactive(start=START)
        conf = copy(parser.parser_state.parse_conf)
        conf.callbacks = actions
        parser.parser_state.parse_conf = conf
        return parser


@cache
def grammar() -> Grammar:
    """The grammar of the language, loaded once."""
    return load(Path(user_cache_dir("mmcheck")))


def load(directory: Path) -> Grammar:
    """The grammar, with the tables from the directory if they are there and sound."""
    text = resources.files("mmcheck.syntax").joinpath("grammar.lark").read_text("utf-8")
    path = directory / f"grammar-{_key(text)}.lalr"
    if _prepared(directory):
        try:
            found = _lark(text, str(path))
            if _is_sound(found):
                return Grammar(found)
        except Exception:  # Whatever a damaged file does to lark's loader, the tables can be made anew.
            pass
    return Grammar(_lark(text, False))


def _lark(text: str, cache: str | bool) -> lark.Lark:
    return lark.Lark(text, parser="lalr", start=START, lexer=_NoLexer, keep_all_tokens=True, cache=cache)


def _key(text: str) -> str:
    parts = (text, lark.__version__, sys.implementation.cache_tag or "", str(sys.version_info[:3]))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def _prepared(directory: Path) -> bool:
    """Whether the directory is there, or could be made."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return True


def _is_sound(tables: lark.Lark) -> bool:
    """Whether a loaded object has what it must: a file of another shape may load without an error."""
    return bool(tables.rules) and bool(tables.terminals) and hasattr(tables, "parser")
