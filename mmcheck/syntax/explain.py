"""The words for a syntax error: what is wrong at a token that the grammar does not take there.

Mistakes that are known have a message of their own; the rest is "expected this, found that", with the form
of the statement or declaration as the remedy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches

from msgspec import Struct

from mmcheck.diagnostics import Diagnostic
from mmcheck.source import SourceFile, Span
from mmcheck.syntax.chunks import DECLARATION_WORDS
from mmcheck.syntax.foreign import FOREIGN_DECLARATIONS, FOREIGN_STATEMENTS
from mmcheck.syntax.forms import DECLARATION_FORMS, STATEMENT_FORMS
from mmcheck.syntax.lexer import CONTEXTUAL_WORDS, Token, words


class Failure(Struct, frozen=True):
    """The token that does not fit, where its statement begins (0: the declaration itself), and what the
    grammar would take instead."""

    source: SourceFile
    tokens: Sequence[Token]
    index: int
    start: int
    token: Token
    accepted: frozenset[str]

    @property
    def first(self) -> Token:
        """The first token of the statement or declaration."""
        return self.tokens[self.start] if self.start < len(self.tokens) else self.token

    @property
    def before(self) -> Token | None:
        return self.tokens[self.index - 1] if self.index > 0 else None

    def at(self, token: Token, message: str, remedy: str, code: str = "E100") -> Diagnostic:
        return Diagnostic(code, message, Span(self.source, token.start, token.end), remedy)


def explain(failure: Failure) -> Diagnostic:
    """The diagnostic for a failure."""
    for known in _KNOWN:
        diagnostic = known(failure)
        if diagnostic is not None:
            return diagnostic
    message = f"expected {_expected(failure.accepted)}, found {_found(failure.token)}"
    return failure.at(failure.token, message, _form(failure))


# --- known mistakes --------------------------------------------------------------------------------------


def _no_declaration(failure: Failure) -> Diagnostic | None:
    token = failure.token
    if failure.index > 0:
        return None
    message = f"no declaration begins with {_found(token)}"
    if token.text in FOREIGN_DECLARATIONS:
        return failure.at(token, message, FOREIGN_DECLARATIONS[token.text])
    close = get_close_matches(token.text, sorted(DECLARATION_WORDS), 1)
    if close:
        return failure.at(token, message, f"Did you mean `{close[0]}`?")
    if token.text in STATEMENT_FORMS or (token.is_name and not _is_name(failure, 1)):
        remedy = "Statements stand in a `transition`, a `step` or `init`; is there a `}` too many before it?"
        return failure.at(token, message, remedy)
    remedy = "Begin it with one of `state`, `transition`, `def`, `invariant`, `check` and the like."
    return failure.at(token, message, remedy)


def _lone_step(failure: Failure) -> Diagnostic | None:
    fair_step = failure.first.text in ("fair", "strong") and failure.token.text == "step"
    if failure.start > 0 or not (fair_step or (failure.index == 1 and failure.first.text == "step")):
        return None
    remedy = (
        "Steps stand in a `process`; write `step invariant` for a property, `override step p.s` for a patch."
    )
    return failure.at(failure.first, "a step stands outside of a process", remedy)


def _foreign_statement(failure: Failure) -> Diagnostic | None:
    remedy = FOREIGN_STATEMENTS.get(failure.first.text)
    if failure.start == 0 or remedy is None:
        return None
    return failure.at(failure.first, f"no statement begins with `{failure.first.text}`", remedy)


def _empty_statement(failure: Failure) -> Diagnostic | None:
    if failure.token.text != ";" or failure.index != failure.start:
        return None
    return failure.at(failure.token, "nothing stands before this `;`", "Remove it.")


def _call_as_statement(failure: Failure) -> Diagnostic | None:
    if failure.token.text != ";" or "=" not in failure.accepted or failure.before is None:
        return None
    if failure.before.text != ")" or not failure.first.is_name:
        return None
    remedy = (
        "A `def` has no effects, and transitions do not call each other; write `require f(x);`, or assign."
    )
    return failure.at(failure.first, "a call is not a statement", remedy)


def _comparison_as_statement(failure: Failure) -> Diagnostic | None:
    if failure.token.text != "==" or "=" not in failure.accepted:
        return None
    remedy = "Write `=` to assign, `require e;` for a condition."
    return failure.at(failure.token, "a comparison is not a statement", remedy)


def _local_variable(failure: Failure) -> Diagnostic | None:
    typed = failure.first.is_name or failure.first.text == "bool"
    if failure.start == 0 or not typed or failure.index != failure.start + (failure.first.is_name):
        return None
    if "require" not in failure.accepted and "=" not in failure.accepted:
        return None
    if not _is_name(failure, failure.start) and failure.first.text != "bool":
        return None
    if not _is_name(failure, failure.start + 1):
        return None
    remedy = "Write `let n = e;` for a value, `choose T x;` to pick one; variables stand in `state { … }`."
    return failure.at(failure.first, "no variable can be declared here", remedy)


def _bare_conditional(failure: Failure) -> Diagnostic | None:
    if failure.token.text != "?" or "&&" not in failure.accepted:
        return None
    message = "a conditional needs parentheses of its own"
    return failure.at(failure.token, message, "Write `(c ? a : b)`.", "E106")


def _misplaced_leads_to(failure: Failure) -> Diagnostic | None:
    if failure.token.text != "~>":
        return None
    message = "`~>` stands here where no `liveness` property has it"
    return failure.at(failure.token, message, "Write `liveness name: P ~> Q;`; for implication, `=>`.")


def _any_in_expression(failure: Failure) -> Diagnostic | None:
    if failure.token.text == "any" and "forall" in failure.accepted:
        remedy = "Write `x = any;`, or pick a value with `choose T x where e;`."
        return failure.at(failure.token, "`any` is no value: it stands alone behind `=`", remedy)
    if failure.before is not None and failure.before.text == "any":
        remedy = "Write `x = any;`, or pick a value with `choose T x where e;`."
        return failure.at(failure.token, "nothing can follow `any`", remedy)
    return None


def _temporal_operator(failure: Failure) -> Diagnostic | None:
    if failure.token.text not in ("always", "eventually"):
        return None
    remedy = "Write `liveness name: eventually P;`, `invariant name: P;` for what always holds."
    return failure.at(failure.token, f"`{failure.token.text}` stands in `liveness` properties only", remedy)


def _word_not(failure: Failure) -> Diagnostic | None:
    if failure.before is None or failure.before.text != "not":
        return None
    return failure.at(failure.before, "the language has no operator `not`", "Write `!`.")


def _binder_without_type(failure: Failure) -> Diagnostic | None:
    before = failure.before
    if before is None or not before.is_name or failure.token.text not in (":", ")", ",", "where", "in", "{"):
        return None
    if "?" not in failure.accepted or ".." not in failure.accepted:
        return None
    message = f"`{before.text}` has no type here"
    return failure.at(before, message, "Write type and name, as in `Task t`.")


def _index_by_size(failure: Failure) -> Diagnostic | None:
    before = failure.before
    if failure.token.text != "]" or before is None or before.type != "NUMBER":
        return None
    if ".." not in failure.accepted:
        return None
    remedy = "Write the type of the index: a sort, an enum, or a range such as `[0..3]`."
    return failure.at(before, "an array is declared with the type of its index, not with a size", remedy)


_KNOWN: tuple[Callable[[Failure], Diagnostic | None], ...] = (
    _no_declaration,
    _lone_step,
    _foreign_statement,
    _empty_statement,
    _call_as_statement,
    _comparison_as_statement,
    _local_variable,
    _bare_conditional,
    _misplaced_leads_to,
    _any_in_expression,
    _temporal_operator,
    _word_not,
    _binder_without_type,
    _index_by_size,
)


def _is_name(failure: Failure, index: int) -> bool:
    return index < len(failure.tokens) and failure.tokens[index].is_name


# --- what was expected -----------------------------------------------------------------------------------

_OPERATORS = words("<=> => || && == != < <= > >= in at + - | &")
_POSTFIX = words("[ . ' (")
_EXPRESSION = words("! - NUMBER true false null forall exists count by ( { NAME")
_TYPE = words("bool set NAME NUMBER - (")
_STATEMENT = words(
    "require let choose if forall assert reset goto exit NAME NUMBER true false null by count ( {"
)


def _expected(accepted: frozenset[str]) -> str:
    """What would fit, in words: kinds of things first, then signs and words."""
    rest = set(accepted - CONTEXTUAL_WORDS) if "NAME" in accepted else set(accepted)
    if {"?", ".."} <= rest:  # Behind the first word of a type: the range that it could begin is a rarity.
        rest -= {"?", "..", "+", "-"}
    kinds: list[str] = []
    for kind, marks, all_of_it in _KINDS:
        if marks <= rest:
            kinds.append(kind)
            rest -= all_of_it
    last = ["an operator"] if "an operator" in kinds else []
    kinds = [kind for kind in kinds if kind != "an operator"]
    signs = [{"$END": "the end of the declaration"}.get(text, f"`{text}`") for text in sorted(rest)]
    if len(signs) > 6:
        signs = [*signs[:5], "another word"]
    return _listed([*kinds, *signs, *last])


_KINDS: tuple[tuple[str, frozenset[str], frozenset[str]], ...] = (
    ("a declaration", frozenset(("transition", "state")), DECLARATION_WORDS),
    ("a statement", frozenset(("require", "goto")), _STATEMENT),
    ("an expression", frozenset(("forall", "NUMBER")), _EXPRESSION),
    ("an operator", frozenset(("&&", "==")), _OPERATORS | _POSTFIX),
    ("a type", frozenset(("bool", "NAME")), _TYPE),
    ("a name", frozenset(("NAME",)), frozenset(("NAME",))),
    ("a number", frozenset(("NUMBER",)), frozenset(("NUMBER",))),
)


def _listed(items: list[str]) -> str:
    if len(items) < 2:
        return items[0] if items else "nothing more"
    return f"{', '.join(items[:-1])} or {items[-1]}"


def _found(token: Token) -> str:
    if token.type == "$END":
        return "its end"
    text = token.text if len(token.text) <= 40 else f"{token.text[:36]}…"
    return f"`{text}`"


_HOLD_NO_ASSIGNMENT = words("enum struct state volatile scenario check")


def _form(failure: Failure) -> str:
    """How the statement or declaration at hand is written."""
    word = failure.first.text
    if word in ("override", "fair", "strong", "volatile") and failure.start == 0:
        words = [token.text for token in failure.tokens[:4] if token.text in DECLARATION_FORMS]
        word = next((text for text in words if text not in ("override", "fair", "strong", "volatile")), word)
    form = DECLARATION_FORMS.get(word) if failure.start == 0 else STATEMENT_FORMS.get(word)
    if form is not None:
        return f"It is written `{form}`."
    if failure.start > 0 and failure.first.is_name and failure.tokens[0].text not in _HOLD_NO_ASSIGNMENT:
        return "An assignment is written `x[i] = e;`."
    around = DECLARATION_FORMS.get(failure.tokens[0].text) if failure.tokens else None
    return f"The declaration is written `{around}`." if around else "Correct or remove it."
