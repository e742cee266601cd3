"""Text into tokens: never fails, and knows what people write who come from C, TLA+ or Rust.

What can be read in spite of being wrong (`:=`, `∧`, `naïve`) is reported here and becomes the token that was
meant; what cannot is a token of type `BAD` that carries its diagnostic, which the parser reports when
nothing before it in the same statement is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct, field

from mmcheck.diagnostics import Collector, Diagnostic
from mmcheck.source import SourceFile, Span
from mmcheck.syntax.foreign import FOREIGN_SIGNS, describe_character

LARGEST_NUMBER = 10**9


def words(text: str) -> frozenset[str]:
    """A set of words or signs, as they are quoted in the grammar."""
    return frozenset(text.split())


CONTEXTUAL_WORDS = words("free no model error steps holds violated unknown only expect blocked exited")
"""Words that mean something in one place only, and are names everywhere else: the grammar's `name`."""


class Token(NamedTuple):
    """A word, a number or a sign. `type` is the name of its terminal in the grammar."""

    type: str
    text: str
    start: int
    end: int
    problem: Diagnostic | None = None

    @property
    def is_name(self) -> bool:
        return self.type == "NAME" or self.text in CONTEXTUAL_WORDS


class Comment(NamedTuple):
    """A comment from its slashes to the end of its line, without the space there."""

    text: str
    start: int
    end: int


class Lexed(Struct):
    """The tokens of a file, its documentation by the offset of the token that follows it, and all comments as
    they are written, documentation included."""

    tokens: list[Token] = field(default_factory=list)
    docs: dict[int, str] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)


_SIGNS = words("<=> .. ~> => || && == != <= >= ! & ' ( ) + , - . : ; < = > ? [ ] { | }")


def _alternatives(signs: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(signs, key=len, reverse=True)))


_LEXEME = re.compile(
    rf"""
      (?P<space>[ \t\r\n\f\v]+)
    | (?P<doc>///(?!/)[^\n]*)
    | (?P<comment>//[^\n]*)
    | (?P<block>/\*)
    | (?P<word>[^\W\d]\w*)
    | (?P<number>[0-9]\w*(?:\.[0-9]\w*)?)
    | (?P<foreign>{_alternatives([sign for sign in FOREIGN_SIGNS if len(sign) > 1])})
    | (?P<sign>{_alternatives(_SIGNS)})
    | (?P<string>"[^"\n]*"?)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_CHARACTER = re.compile(r"'(?:\\.|[^'\\\n]){1,4}'|'")
_NUMBER = re.compile(r"[0-9]+\Z")
_HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]+\Z")


class Lexer:
    """One pass over one file. `types` gives the terminal of every word and sign that the grammar quotes."""

    def __init__(self, source: SourceFile, types: Mapping[str, str], collector: Collector) -> None:
        self.source = source
        self.types = types
        self.collector = collector
        self.lexed = Lexed()
        self.doc: list[str] = []

    def run(self) -> Lexed:
        text = self.source.text
        position = 1 if text.startswith("\ufeff") else 0
        while match := _LEXEME.match(text, position):
            kind, position = match.lastgroup, match.end()
            if kind == "word" or kind == "sign":
                position = self._word_or_sign(match[0], match.start())
            elif kind == "doc" or kind == "comment":
                self._comment(match[0], match.start(), kind == "doc")
            elif kind != "space":
                position = self._rare(kind, match[0], match.start())
        return self.lexed

    def _comment(self, text: str, start: int, documents: bool) -> None:
        if documents:
            self.doc.append(text[3:].removeprefix(" ").rstrip())
        text = text.rstrip()
        self.lexed.comments.append(Comment(text, start, start + len(text)))

    def _word_or_sign(self, text: str, start: int) -> int:
        """Take a word or a sign that the language has; returns where to go on."""
        if text == "'" and not self._operand_ends_here():
            return self._character(start)
        if not text.isascii():
            return self._foreign_word(text, start)
        self._emit(self.types.get(text, "NAME"), text, start)
        return start + len(text)

    def _emit(self, type: str, text: str, start: int, length: int | None = None) -> None:
        if self.doc:
            self.lexed.docs[start] = "\n".join(self.doc)
            self.doc = []
        self.lexed.tokens.append(Token(type, text, start, start + (len(text) if length is None else length)))

    def _rare(self, kind: str | None, text: str, start: int) -> int:
        if kind == "number":
            return self._number(text, start)
        if kind == "block":
            return self._block_comment(start)
        if kind == "string":
            remedy = "Name the values in an `enum`; there are no strings."
            return self._bad(text, start, f"the string {text} means nothing here", remedy)
        return self._foreign_sign(text, start)

    def _number(self, text: str, start: int) -> int:
        if _HEXADECIMAL.match(text):
            remedy = f"Write it in decimal: {int(text, 16)}." if len(text) < 12 else "Write it in decimal."
            return self._bad(text, start, f"`{_shortened(text)}` is not a decimal number", remedy, "E100")
        if not _NUMBER.match(text):
            remedy = "Numbers are whole and decimal, and names begin with a letter."
            return self._bad(text, start, f"`{_shortened(text)}` is not a number", remedy, "E100")
        if len(text.lstrip("0")) > 10 or int(text) > LARGEST_NUMBER:
            message = f"the number {_shortened(text)} is too large"
            return self._bad(text, start, message, f"Numbers reach to {LARGEST_NUMBER}.", "E003")
        self._emit("NUMBER", text, start)
        return start + len(text)

    def _block_comment(self, start: int) -> int:
        end = self.source.text.find("*/", start + 2)
        closed = end >= 0
        message = "`/*` does not begin a comment" if closed else "`/*` begins a comment that never ends"
        remedy = "Begin each line of the comment with `//`."
        self.collector.add("E104", message, self._span(start, start + 2), remedy)
        return end + 2 if closed else len(self.source.text)

    def _character(self, start: int) -> int:
        match = _CHARACTER.match(self.source.text, start)
        text = match[0] if match else "'"
        remedy = "Name the values in an `enum`; a prime stands behind a variable, as in `x'`."
        return self._bad(text, start, f"`{text}` means nothing here", remedy)

    def _operand_ends_here(self) -> bool:
        """Whether a prime may follow the last token."""
        last = self.lexed.tokens[-1] if self.lexed.tokens else None
        return last is not None and (last.is_name or last.text in (")", "]", "}", "'"))

    def _foreign_word(self, text: str, start: int) -> int:
        message = f"the name `{_shortened(text)}` has letters beyond ASCII"
        remedy = "Use the letters a to z, digits and `_` in names; comments may hold anything."
        self.collector.add("E104", message, self._span(start, start + len(text)), remedy)
        self._emit("NAME", text, start)
        return start + len(text)

    def _foreign_sign(self, text: str, start: int) -> int:
        sign = FOREIGN_SIGNS.get(text)
        if sign is None:
            return self._bad(text, start, f"{describe_character(text)} means nothing here", "Remove it.")
        if sign.meant is None:
            return self._bad(text, start, f"the language has no `{text}`", sign.remedy)
        span = self._span(start, start + len(text))
        self.collector.add("E104", f"the language has no `{text}`", span, sign.remedy)
        self._emit(self.types[sign.meant], sign.meant, start, len(text))
        return start + len(text)

    def _bad(self, text: str, start: int, message: str, remedy: str, code: str = "E104") -> int:
        end = start + len(text)
        problem = Diagnostic(code, message, self._span(start, end), remedy)
        self.lexed.tokens.append(Token("BAD", text, start, end, problem))
        return end

    def _span(self, start: int, end: int) -> Span:
        return Span(self.source, start, end)


def _shortened(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:16]}…"


def lex(source: SourceFile, types: Mapping[str, str], collector: Collector) -> Lexed:
    """All tokens of a file."""
    return Lexer(source, types, collector).run()
