"""What is wrong at the token where the parser gave up, and the tokens to go on with.

The surest repair comes first: a token inserted or replaced where it is clear which was meant. The last
resort is to drop the statement.
"""

from __future__ import annotations

from collections.abc import Sequence

from lark.exceptions import UnexpectedToken
from lark.parsers.lalr_interactive_parser import InteractiveParser
from msgspec import Struct

from mmcheck.diagnostics import Diagnostic
from mmcheck.source import SourceFile, Span
from mmcheck.syntax.brackets import CLOSER, match_brackets
from mmcheck.syntax.explain import Failure, explain
from mmcheck.syntax.foreign import FOREIGN_OPERATORS, FOREIGN_STATEMENTS
from mmcheck.syntax.grammar import Grammar
from mmcheck.syntax.lexer import CONTEXTUAL_WORDS, Token


class Repair(Struct, frozen=True):
    """What is wrong, the tokens to go on with (None: the declaration is lost), the names given up, and
    where a statement is missing now."""

    problem: Diagnostic
    tokens: tuple[Token, ...] | None
    lost: frozenset[str] = frozenset()
    gap: int = -1


def repair(source: SourceFile, grammar: Grammar, tokens: tuple[Token, ...], index: int) -> Repair:
    """Explain and mend the error at a token; the number of tokens as index is their end."""
    return _Repairer(source, grammar, tokens, index).run()


def end_of(tokens: Sequence[Token]) -> Token:
    """What the parser takes for the end of a declaration."""
    end = tokens[-1].end
    return Token("$END", "", end, end)


def names_in(tokens: Sequence[Token]) -> frozenset[str]:
    return frozenset(token.text for token in tokens if token.is_name)


class _Repairer:
    """Finds out what is wrong at one token, and how to go on."""

    def __init__(self, source: SourceFile, grammar: Grammar, tokens: tuple[Token, ...], index: int) -> None:
        self.source = source
        self.grammar = grammar
        self.tokens = tokens
        self.index = index
        self.token = tokens[index] if index < len(tokens) else end_of(tokens)
        self.brackets = match_brackets(tokens)
        self.start = self._statement_start()
        self.parser = grammar.parser({})
        for token in tokens[:index]:
            self.parser.feed_token(token)  # type: ignore[arg-type]
        self.accepted = grammar.accepted(self.parser)

    def run(self) -> Repair:
        """Try the repairs from the surest to the last resort."""
        if self.token.problem is not None:
            return self._drop_statement(self.token.problem)
        if self.start > 0 and self._text(self.start) in FOREIGN_STATEMENTS:
            return self._drop_statement(self._explained())
        return (
            self._comparison_meant()
            or self._operator_meant()
            or self._name_meant()
            or self._semicolon_missing()
            or self._brace_missing()
            or self._bracket_missing()
            or self._drop_statement(self._explained())
        )

    def _explained(self) -> Diagnostic:
        return explain(Failure(self.source, self.tokens, self.index, self.start, self.token, self.accepted))

    def _problem(self, code: str, message: str, token: Token, remedy: str) -> Diagnostic:
        return Diagnostic(code, message, Span(self.source, token.start, token.end), remedy)

    def _text(self, index: int) -> str:
        return self.tokens[index].text if index < len(self.tokens) else ""

    def _goes_on(self, *tokens: Token | str) -> bool:
        """Whether the parser takes these next."""
        trial: InteractiveParser = self.parser.copy(deepcopy_values=False)  # type: ignore[no-untyped-call]
        try:
            for token in tokens:
                trial.feed_token(self._made(token) if isinstance(token, str) else token)  # type: ignore[arg-type]
        except UnexpectedToken:
            return False
        return True

    def _made(self, text: str) -> Token:
        """A token that is not in the text, at the place of the error."""
        return Token(self.grammar.types.get(text, text), text, self.token.start, self.token.start)

    def _replaced(self, problem: Diagnostic, text: str) -> Repair:
        new = self.token._replace(type=self.grammar.types.get(text, text))
        if text in self.grammar.types:
            new = new._replace(text=text)
        return Repair(problem, (*self.tokens[: self.index], new, *self.tokens[self.index + 1 :]))

    def _inserted(self, problem: Diagnostic, text: str) -> Repair:
        end = self.tokens[self.index - 1].end
        new = Token(self.grammar.types[text], text, end, end)
        return Repair(problem, (*self.tokens[: self.index], new, *self.tokens[self.index :]))

    def _without_token(self, problem: Diagnostic) -> Repair:
        rest = self.tokens[: self.index] + self.tokens[self.index + 1 :]
        return Repair(problem, rest or None)

    def _comparison_meant(self) -> Repair | None:
        if self.token.text != "=" or not self._goes_on("=="):
            return None
        opening = self._unclosed()
        if opening is not None and self._goes_on(CLOSER[self._text(opening)], self.token):
            return None  # `x[a = 1;` lacks a bracket.
        remedy = "Write `==` to compare."
        problem = self._problem("E103", "`=` assigns; a comparison is meant here", self.token, remedy)
        return self._replaced(problem, "==")

    def _operator_meant(self) -> Repair | None:
        meant = FOREIGN_OPERATORS.get(self.token.text)
        if meant is None or not self._goes_on(meant):
            return None
        message = f"the language has no operator `{self.token.text}`"
        return self._replaced(self._problem("E100", message, self.token, f"Write `{meant}`."), meant)

    def _name_meant(self) -> Repair | None:
        """A reserved word where only a name can stand, or where taking it for a name makes sense of it."""
        text = self.token.text
        if not text.isidentifier() or self.token.is_name or text == "any" or "NAME" not in self.accepted:
            return None
        only_names = self.accepted - CONTEXTUAL_WORDS == {"NAME"}
        if not only_names and not self._goes_on("NAME", *self.tokens[self.index + 1 : self.index + 2]):
            return None
        message = f"`{self.token.text}` is a word of the language and cannot be a name"
        remedy = f"Choose another name, such as `{self.token.text}_`."
        return self._replaced(self._problem("E105", message, self.token, remedy), "NAME")

    def _semicolon_missing(self) -> Repair | None:
        if ";" not in self.accepted or self.index == 0 or not self._new_statement():
            return None
        before = self.tokens[self.index - 1]
        place = Span(self.source, before.end, before.end)
        message = f"expected `;` after `{before.text}`"
        remedy = "End the statement or declaration with `;`."
        return self._inserted(Diagnostic("E101", message, place, remedy), ";")

    def _new_statement(self) -> bool:
        """Whether the token clearly begins something new, so that only a semicolon lacks before it."""
        if self.token.type == "$END" or self.token.text == "}":
            return True
        before = self.tokens[self.index - 1]
        new_line = "\n" in self.source.text[before.end : self.token.start]
        word = self.token.text.isidentifier() and not self.token.is_name
        return (new_line or word) and self._goes_on(";", *self.tokens[self.index : self.index + 2])

    def _brace_missing(self) -> Repair | None:
        """The opening brace of a block, when it alone can stand here."""
        if self.accepted != {"{"} or self.start > 0 or not self._goes_on("{", self.token):
            return None
        return self._inserted(self._explained(), "{")

    def _bracket_missing(self) -> Repair | None:
        """A bracket that was never closed, or one that closes nothing."""
        if self.token.text in (")", "]", "}") and self.index not in self.brackets.opener:
            message = f"`{self.token.text}` closes nothing"
            problem = self._problem("E102", message, self.token, "Remove it, or add what it should close.")
            return self._without_token(problem)
        opening = self._unclosed()
        if opening is None:
            return None
        bracket = self.tokens[opening]
        problem = self._problem(
            "E102",
            f"this `{bracket.text}` is never closed",
            bracket,
            f"Add `{CLOSER[bracket.text]}` where it ends.",
        )
        if CLOSER[bracket.text] in self.accepted:
            return self._inserted(problem, CLOSER[bracket.text])
        return self._drop_statement(problem)

    def _unclosed(self) -> int | None:
        """The innermost bracket before the token that has no partner, if its closer lacks here."""
        if self.token.type == "$END" and self.brackets.unclosed:
            return self.brackets.unclosed[-1].index
        if self.token.text not in (";", "=", "{", "}", ")", "]", ""):
            return None
        for i in range(self.index - 1, self.start - 1, -1):
            if self.tokens[i].text in CLOSER and i not in self.brackets.closer:
                return i
        return None

    def _drop_statement(self, problem: Diagnostic) -> Repair:
        """Go on behind the statement; a declaration without one to drop is lost."""
        end = self._statement_end()
        if self.start == 0 or end <= self.start:
            return Repair(problem, None)
        gone = names_in(self.tokens[self.start : end])
        return Repair(problem, self.tokens[: self.start] + self.tokens[end:], gone, self.start)

    def _statement_start(self) -> int:
        """The index behind the last `;`, or brace of a block, before the token; 0 in a header."""
        i = self.index - 1
        while i >= 0:
            text, opening = self._text(i), self.brackets.opener.get(i)
            block = text == "}" and self.brackets.closes_block(i) and self._text(i + 1) != "else"
            if text == ";" or block or self.brackets.opens_block(i):
                return i + 1
            i = (i if opening is None else opening.index) - 1
        return 0

    def _statement_end(self) -> int:
        """The index behind the statement's `;` or block, or that of the `}` around it."""
        i = self._for_block() if self._text(self.start) == "for" else self.start
        while i < len(self.tokens) and self._text(i) != "}":
            if self._text(i) == ";" and i >= self.index:
                return i + 1
            closer = self.brackets.closer.get(i, i)
            i = closer + 1
            if i > self.index and self._ends_with_block(closer):
                return i
        return i

    def _ends_with_block(self, closer: int) -> bool:
        opening = self.brackets.opener.get(closer)
        return opening is not None and opening.block and self._text(closer + 1) not in ("else", ";")

    def _for_block(self) -> int:
        """Where the block of C's `for (…; …; …) {` begins: its semicolons end no statement."""
        for i in range(self.start, len(self.tokens)):
            if self.brackets.opens_block(i):
                return i
            if self._text(i) == "}":
                break
        return self.start
