"""The actions of the grammar for statements and declarations: with those of `expression_builder`, all.

As there, the children of a rule are all that it matched. A declaration takes its documentation from the
place where it begins.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mmcheck.source import Span
from mmcheck.syntax import ast
from mmcheck.syntax.expression_builder import Children, ExpressionBuilder
from mmcheck.syntax.lexer import Token


class _Statements(ExpressionBuilder):
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
        if otherwise is None:
            return ast.If(condition, then, (), span=self.span(word, then_end))
        if isinstance(otherwise, ast.If):
            return ast.If(condition, then, (otherwise,), span=self.span(word, otherwise))
        orelse, end = otherwise
        return ast.If(condition, then, orelse, span=self.span(word, end))

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
        return ast.ScenarioDecl(self.name_of(c[1]), c[2] or (), tuple(c[4:-1]), doc=self.doc(span), span=span)

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
