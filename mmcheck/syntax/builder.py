"""The actions of the grammar: one method for each rule, called with what the rule matched.

The children of a rule are all its tokens and values, signs included, with None for an option that is not
there. Lists (`binders`, `block`) are tuples; an expression or a declaration is its node.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from mmcheck.diagnostics import Collector
from mmcheck.source import SourceFile, Span
from mmcheck.syntax import ast
from mmcheck.syntax.foreign import FOREIGN_TYPES
from mmcheck.syntax.lexer import Token
from mmcheck.syntax.operators import arrange

Children: TypeAlias = list[Any]
"""What a rule matched. The grammar, not mypy, knows the types."""


class _Base:
    """What all rules need: places, names and documentation."""

    def __init__(self, source: SourceFile, docs: Mapping[int, str], collector: Collector) -> None:
        self.source = source
        self.docs = docs
        self.collector = collector
        self.refused: set[str] = set()
        """Names that were reported here, so that nobody reports them again as unknown."""

    def span(self, first: Any, last: Any) -> Span:
        """From one token or node to another."""
        start = first.start if isinstance(first, Token) else first.span.start
        end = last.end if isinstance(last, Token) else last.span.end
        return Span(self.source, start, end)

    def place(self, children: Children) -> Span:
        """The place of a rule that begins and ends with a token or a node."""
        first = next(child for child in children if child is not None)
        return self.span(first, children[-1])

    def name_of(self, token: Token) -> ast.Ident:
        return ast.Ident(token.text, span=Span(self.source, token.start, token.end))

    def doc(self, span: Span) -> str:
        return self.docs.get(span.start, "")

    @staticmethod
    def every_other(children: Children) -> Children:
        """The items of a list with commas."""
        return [child for child in children[::2] if child is not None]


class _Expressions(_Base):
    def expr(self, c: Children) -> ast.Expr:
        row = [
            self.name_of(item) if before is not None and isinstance(before, Token) and before.text == "at" else item
            for before, item in zip([None, *c], c, strict=False)
            if item is not None
        ]
        return arrange(row, self.collector)

    def quantified(self, c: Children) -> ast.Expr:
        kind, binders, _, where, _, body = c
        return ast.Quantified(
            ast.QuantifierKind(kind.text), binders, where, body, span=self.span(kind, body)
        )

    def variable_name(self, c: Children) -> ast.Expr:
        token: Token = c[0]
        return ast.Name(token.text, span=Span(self.source, token.start, token.end))

    def number(self, c: Children) -> ast.Expr:
        token: Token = c[0]
        return ast.Number(int(token.text), span=Span(self.source, token.start, token.end))

    def true(self, c: Children) -> ast.Expr:
        return ast.Boolean(True, span=self.place(c))

    def false(self, c: Children) -> ast.Expr:
        return ast.Boolean(False, span=self.place(c))

    def null(self, c: Children) -> ast.Expr:
        return ast.Null(span=self.place(c))

    def primed(self, c: Children) -> ast.Expr:
        return ast.Primed(c[0], span=self.place(c))

    def index(self, c: Children) -> ast.Expr:
        return ast.Index(c[0], c[2], span=self.place(c))

    def field_access(self, c: Children) -> ast.Expr:
        return ast.FieldAccess(c[0], self.name_of(c[2]), span=self.place(c))

    def call(self, c: Children) -> ast.Expr:
        function, (args, end) = c
        return ast.Call(self.name_of(function), args, span=self.span(function, end))

    def arguments(self, c: Children) -> tuple[tuple[ast.Expr, ...], Token]:
        return tuple(self.every_other(c[1:-1])), c[-1]

    def group(self, c: Children) -> ast.Expr:
        """The expression itself, but its place has the parentheses: so `(a) + b` begins where it begins."""
        inner: ast.Expr = c[1]
        return replace(inner, span=self.place(c))

    def conditional(self, c: Children) -> ast.Expr:
        return ast.Conditional(c[1], c[3], c[5], span=self.place(c))

    def set_literal(self, c: Children) -> ast.Expr:
        return ast.SetLiteral(tuple(self.every_other(c[1:-1])), span=self.place(c))

    def cardinality(self, c: Children) -> ast.Expr:
        return ast.Cardinality(c[2], span=self.place(c))

    def by(self, c: Children) -> ast.Expr:
        return ast.By(c[2], span=self.place(c))

    def path(self, c: Children) -> ast.Ident:
        first, _, second = c
        if second is None:
            return self.name_of(first)
        return ast.Ident(f"{first.text}.{second.text}", span=self.span(first, second))

    step_path = path

    def sum(self, c: Children) -> ast.Expr:
        """`+` and `-` in the bounds of a range, which have no other operators."""
        left, sign, right = c
        return ast.Binary(ast.BinaryOp(sign.text), left, right, span=self.span(left, right))

    def minus(self, c: Children) -> ast.Expr:
        return ast.Unary(ast.UnaryOp.MINUS, c[1], span=self.place(c))

    def minus_number(self, c: Children) -> ast.Expr:
        return self.minus([c[0], self.number(c[1:])])


class _Types(_Expressions):
    def named_type(self, c: Children) -> ast.TypeExpr:
        token: Token = c[0]
        span = Span(self.source, token.start, token.end)
        if token.text in FOREIGN_TYPES:
            remedy = "Give the values: a range such as `0..3`, `bool`, an `enum` or a `sort`."
            self.collector.add("E100", f"the language has no type `{token.text}`", span, remedy)
            self.refused.add(token.text)
        return ast.NamedType(token.text, span=span)

    def range_type(self, c: Children) -> ast.TypeExpr:
        return ast.RangeType(c[0], c[2], span=self.place(c))

    def optional_type(self, c: Children) -> ast.TypeExpr:
        return ast.OptionalType(c[0], span=self.place(c))

    def set_type(self, c: Children) -> ast.TypeExpr:
        return ast.SetType(c[1], span=self.place(c))

    def params(self, c: Children) -> tuple[ast.Binder, ...]:
        return c[1] or ()

    def binders(self, c: Children) -> tuple[ast.Binder, ...]:
        binders: list[ast.Binder] = []
        for item in self.every_other(c):
            if isinstance(item, Token):  # a name alone
                name = self.name_of(item)
                item = ast.Binder(binders[-1].type, name, span=name.span)
            binders.append(item)
        return tuple(binders)

    def binder(self, c: Children) -> ast.Binder:
        return ast.Binder(c[0], self.name_of(c[1]), span=self.place(c))

    def variables(self, c: Children) -> tuple[ast.VariableDecl, ...]:
        type, *rest, end = c
        doc = self.doc(type.span)
        items = self.every_other(rest)
        return tuple(
            ast.VariableDecl(
                type,
                name,
                indices,
                value,
                doc=doc,
                span=self._declarator(type, name, item_end, end, i, len(items)),
            )
            for i, (name, indices, value, item_end) in enumerate(items)
        )

    def _declarator(
        self, type: ast.TypeExpr, name: ast.Ident, last: Any, end: Token, i: int, count: int
    ) -> Span:
        """The first declarator of several has the type, the last the semicolon."""
        return self.span(type if i == 0 else name, end if i == count - 1 else last)

    def variable(self, c: Children) -> tuple[ast.Ident, tuple[ast.TypeExpr, ...], Any, Any]:
        token, (indices, index_end), _, value = c
        return self.name_of(token), indices, value, value or index_end or token

    def indices(self, c: Children) -> tuple[tuple[ast.TypeExpr, ...], Token | None]:
        return tuple(c[1::3]), c[-1] if c else None

    def field(self, c: Children) -> tuple[ast.FieldDecl, ...]:
        type, *rest, end = c
        return self._fields(type, type, rest, end)

    def locals(self, c: Children) -> tuple[ast.FieldDecl, ...]:
        word, type, *rest, end = c
        return self._fields(word, type, rest, end)

    def _fields(
        self, first: Any, type: ast.TypeExpr, rest: Children, end: Token
    ) -> tuple[ast.FieldDecl, ...]:
        doc = self.doc(self.span(first, first))
        items = self.every_other(rest)
        return tuple(
            ast.FieldDecl(
                type,
                name,
                value,
                doc=doc,
                span=self.span(first if i == 0 else name, end if i == len(items) - 1 else item_end),
            )
            for i, (name, value, item_end) in enumerate(items)
        )

    def field_name(self, c: Children) -> tuple[ast.Ident, Any, Any]:
        token, _, value = c
        return self.name_of(token), value, value or token

    def any_value(self, c: Children) -> ast.AnyValue:
        return ast.AnyValue(span=self.place(c))


class _Statements(_Types):
    def block(self, c: Children) -> tuple[tuple[ast.Statement, ...], Token]:
        """The statements, and the closing brace for the place of what the block belongs to."""
        return tuple(c[1:-1]), c[-1]

    def require(self, c: Children) -> ast.Statement:
        return ast.Require(c[1], span=self.place(c))

    def assertion(self, c: Children) -> ast.Assert:
        return ast.Assert(c[1], span=self.place(c))

    def assign(self, c: Children) -> ast.Statement:
        return ast.Assign(c[0], c[2], span=self.place(c))

    def let(self, c: Children) -> ast.Statement:
        return ast.Let(self.name_of(c[1]), c[3], span=self.place(c))

    def choose(self, c: Children) -> ast.Statement:
        return ast.Choose(c[1], c[3], span=self.place(c))

    def if_statement(self, c: Children) -> ast.Statement:
        word, _, condition, _, (then, then_end), _, otherwise = c
        match otherwise:
            case None:
                return ast.If(condition, then, (), span=self.span(word, then_end))
            case ast.If():
                return ast.If(condition, then, (otherwise,), span=self.span(word, otherwise))
            case (orelse, end):
                return ast.If(condition, then, orelse, span=self.span(word, end))
        raise TypeError(f"not an else: {otherwise!r}")

    def bulk(self, c: Children) -> ast.Statement:
        word, binders, _, where, (body, end) = c
        return ast.ForAll(binders, where, body, span=self.span(word, end))

    def reset(self, c: Children) -> ast.Statement:
        return ast.Reset(self.names(c[1:-1]), span=self.place(c))

    def names(self, c: Children) -> tuple[ast.Ident, ...]:
        return tuple(map(self.name_of, self.every_other(c)))

    def reset_volatile(self, c: Children) -> ast.Statement:
        return ast.ResetVolatile(span=self.place(c))

    def goto(self, c: Children) -> ast.Statement:
        return ast.Goto(self.name_of(c[1]), span=self.place(c))

    def exit(self, c: Children) -> ast.Statement:
        return ast.Exit(span=self.place(c))


class _Declarations(_Statements):
    def spec_name(self, c: Children) -> ast.Decl:
        span = self.place(c)
        return ast.SpecName(self.name_of(c[1]), doc=self.doc(span), span=span)

    def import_module(self, c: Children) -> ast.Decl:
        span = self.place(c)
        return ast.Import(self.name_of(c[1]), doc=self.doc(span), span=span)

    def sort(self, c: Children) -> ast.Decl:
        span = self.place(c)
        return ast.SortDecl(self.name_of(c[1]), c[3], doc=self.doc(span), span=span)

    def enum(self, c: Children) -> ast.Decl:
        span = self.place(c)
        values = tuple(self.name_of(item) for item in c[3:-1] if item is not None and item.text != ",")
        return ast.EnumDecl(self.name_of(c[1]), values, doc=self.doc(span), span=span)

    def struct(self, c: Children) -> ast.Decl:
        span = self.place(c)
        return ast.StructDecl(self.name_of(c[1]), _joined(c[3:-1]), doc=self.doc(span), span=span)

    def const(self, c: Children) -> ast.Decl:
        span = self.place(c)
        return ast.ConstDecl(c[1], self.name_of(c[2]), c[4], doc=self.doc(span), span=span)

    def state(self, c: Children) -> ast.Decl:
        span = self.place(c)
        return ast.StateBlock(c[0] is not None, _joined(c[3:-1]), doc=self.doc(span), span=span)

    def init(self, c: Children) -> ast.Decl:
        word, (body, end) = c
        span = self.span(word, end)
        return ast.InitBlock(body, doc=self.doc(span), span=span)

    def definition(self, c: Children) -> ast.Decl:
        span = self.place(c)
        override, _, name, params, _, body, _ = c
        return ast.DefDecl(
            self.name_of(name), params, body, override is not None, doc=self.doc(span), span=span
        )

    def fairness(self, c: Children) -> tuple[ast.Fairness, Token]:
        return (ast.Fairness.STRONG if len(c) > 1 else ast.Fairness.WEAK), c[0]

    def transition(self, c: Children) -> ast.Decl:
        override, fair, word, name, params, (body, end) = c
        fairness, fair_word = fair or (ast.Fairness.NONE, None)
        span = self.span(override or fair_word or word, end)
        return ast.TransitionDecl(
            self.name_of(name),
            params,
            body,
            fairness,
            override is not None,
            doc=self.doc(span),
            span=span,
        )

    def step(self, c: Children) -> ast.StepDecl:
        fair, word, name, (body, end) = c
        fairness, fair_word = fair or (ast.Fairness.NONE, None)
        span = self.span(fair_word or word, end)
        return ast.StepDecl(self.name_of(name), body, fairness, doc=self.doc(span), span=span)

    def process(self, c: Children) -> ast.Decl:
        fair, word, name, params, _, *items, end = c
        fairness, fair_word = fair or (ast.Fairness.NONE, None)
        span = self.span(fair_word or word, end)
        return ast.ProcessDecl(
            self.name_of(name),
            params or (),
            _joined(item for item in items if isinstance(item, tuple)),
            tuple(item for item in items if isinstance(item, ast.StepDecl)),
            fairness,
            doc=self.doc(span),
            span=span,
        )

    def step_override(self, c: Children) -> ast.Decl:
        override, fair, _, path, (body, end) = c
        fairness, _ = fair or (ast.Fairness.NONE, None)
        span = self.span(override, end)
        return ast.StepOverride(path, body, fairness, doc=self.doc(span), span=span)


class Builder(_Declarations):
    """The actions of all rules, for one file."""

    def invariant(self, c: Children) -> ast.Decl:
        span = self.place(c)
        return ast.InvariantDecl(self.name_of(c[1]), c[2] or (), c[4], doc=self.doc(span), span=span)

    def step_invariant(self, c: Children) -> ast.Decl:
        span = self.place(c)
        return ast.StepInvariantDecl(self.name_of(c[2]), c[3] or (), c[5], doc=self.doc(span), span=span)

    def reachable(self, c: Children) -> ast.Decl:
        span = self.place(c)
        return ast.ReachableDecl(self.name_of(c[1]), c[2] or (), c[4], doc=self.doc(span), span=span)

    def deadlock_free(self, c: Children) -> ast.Decl:
        span = self.place(c)
        return ast.DeadlockFreeDecl(doc=self.doc(span), span=span)

    def leads_to(self, c: Children) -> ast.Decl:
        return self._liveness(c, ast.LivenessKind.LEADS_TO, c[4], c[6])

    def eventually(self, c: Children) -> ast.Decl:
        return self._liveness(c, ast.LivenessKind.EVENTUALLY, None, c[5])

    def always_eventually(self, c: Children) -> ast.Decl:
        return self._liveness(c, ast.LivenessKind.ALWAYS_EVENTUALLY, None, c[6])

    def eventually_always(self, c: Children) -> ast.Decl:
        return self._liveness(c, ast.LivenessKind.EVENTUALLY_ALWAYS, None, c[6])

    def _liveness(
        self, c: Children, kind: ast.LivenessKind, trigger: ast.Expr | None, goal: ast.Expr
    ) -> ast.Decl:
        span = self.place(c)
        return ast.LivenessDecl(
            self.name_of(c[1]), c[2] or (), kind, trigger, goal, doc=self.doc(span), span=span
        )

    def assume(self, c: Children) -> ast.Decl:
        span = self.place(c)
        _, name, params, colon, body, _ = c
        if params is not None:
            place = Span(self.source, name.end, colon.start)
            remedy = "Quantify instead: `assume name: forall Page p: …;`."
            self.collector.add("E100", "an assumption has no parameters", place, remedy)
        return ast.AssumeDecl(self.name_of(name), body, doc=self.doc(span), span=span)

    def scenario(self, c: Children) -> ast.Decl:
        span = self.place(c)
        return ast.ScenarioDecl(
            self.name_of(c[1]), c[2], tuple(c[4:-1]), doc=self.doc(span), span=span
        )

    def fire(self, c: Children) -> ast.ScenarioLine:
        path, (args, _), _ = c
        return ast.Fire(path, args, span=self.place(c))

    def blocked(self, c: Children) -> ast.ScenarioLine:
        _, path, (args, _), _ = c
        return ast.Blocked(path, args, span=self.place(c))

    def check(self, c: Children) -> ast.Decl:
        span = self.place(c)
        return ast.CheckDecl(self.name_of(c[1]), tuple(c[3:-1]), doc=self.doc(span), span=span)

    def setting(self, c: Children) -> ast.CheckItem:
        return ast.Setting(self.name_of(c[0]), c[2], span=self.place(c))

    def only(self, c: Children) -> ast.CheckItem:
        return ast.Only(c[1], span=self.place(c))

    def expect_holds(self, c: Children) -> ast.CheckItem:
        return ast.Expect(ast.Expectation.HOLDS, c[2] or (), None, span=self.place(c))

    def expect_unknown(self, c: Children) -> ast.CheckItem:
        return ast.Expect(ast.Expectation.UNKNOWN, c[2] or (), None, span=self.place(c))

    def expect_violated(self, c: Children) -> ast.CheckItem:
        steps = None if c[4] is None else int(c[4].text)
        return ast.Expect(ast.Expectation.VIOLATED, c[2], steps, span=self.place(c))

    def property_names(self, c: Children) -> tuple[ast.Ident, ...]:
        return tuple(self.every_other(c))

    def ident(self, c: Children) -> ast.Ident:
        return self.name_of(c[0])

    def built_in(self, c: Children) -> ast.Ident:
        return ast.Ident(" ".join(word.text for word in c), span=self.place(c))


def _joined(groups: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    return tuple(item for group in groups for item in group)
