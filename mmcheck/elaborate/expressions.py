"""Expressions: typed and lowered to terms in one walk."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from msgspec import Struct, field
from msgspec.structs import replace

from mmcheck.core import terms
from mmcheck.core.system import EXITED, PROGRAM_COUNTER, Variable
from mmcheck.core.terms import (
    Coercion,
    Comparison,
    Literal,
    Local,
    Place,
    Quantifier,
    Term,
    children,
)
from mmcheck.core.types import (
    BOOL,
    EnumType,
    OptionalType,
    RangeType,
    SetType,
    SortType,
    StructType,
    Type,
)
from mmcheck.elaborate.context import Context, Definition, program_counter
from mmcheck.elaborate.fit import Fit, base_of, describe, fit, join
from mmcheck.elaborate.fold import bind, fold
from mmcheck.elaborate.operators import Operators, is_untyped
from mmcheck.elaborate.scope import EnumValue, Scope, did_you_mean, kind
from mmcheck.elaborate.written_out import is_small
from mmcheck.source import Span
from mmcheck.syntax import ast


class Mode(Enum):
    """What an expression may speak of."""

    CONSTANT = "constants only"
    STATE = "a state"
    STEP = "a step: primed variables and `by` as well"


class Path(Struct, frozen=True):
    """A variable on the way to a place: with some of its indices, perhaps some fields."""

    variable: Variable
    indices: tuple[Term, ...]
    fields: tuple[str, ...]
    type: Type
    primed: bool
    span: Span

    @property
    def missing(self) -> int:
        """How many indices are still to come."""
        return len(self.variable.indices) - len(self.indices)


class Expressions(Struct):
    """Lowers the expressions of one declaration. `self_process` is the process whose step is being lowered,
    so that its locals are in scope; `readable`, where not None, names the variables that have a value yet."""

    context: Context
    scope: Scope
    mode: Mode
    primed: bool = False
    prefix: str = ""
    self_process: Variable | None = None
    readable: set[str] | None = None
    unset_locals: set[str] = field(default_factory=set)
    """Locals of the process that have no value yet, where they are being given one."""
    uses_step: bool = False
    """Whether what was lowered so far asks which transition made the step."""

    @property
    def operators(self) -> Operators:
        return Operators(self)

    # --- what callers ask for ----------------------------------------------------------------------------

    def boolean(self, expr: ast.Expr) -> Term | None:
        """A predicate."""
        term = self.lower(expr, BOOL)
        if term is None or term.type == BOOL:
            return term
        remedy = "compare it with something"
        if isinstance(term.type, OptionalType):
            remedy = "write `!= null` to ask whether there is one"
        elif isinstance(term.type, SetType):
            remedy = "write `!= {}` to ask whether there is an element"
        elif isinstance(term.type, RangeType):
            remedy = "write `!= 0` if that is meant"
        self.error(
            "E300", f"a truth value is needed here, and this is {describe(term.type)}", expr.span, remedy
        )
        return None

    def value(
        self, expr: ast.Expr, wanted: Type, what: str, coercion: Coercion = Coercion.STORE
    ) -> Term | None:
        """A value of a given type; a check stands around one that may turn out not to fit."""
        term = self.lower(expr, wanted)
        fitting = None if term is None else self.coerced(term, wanted, what, expr.span, coercion)
        if coercion is Coercion.STORE and isinstance(fitting, terms.Coerce) and _is_written_out(expr):
            # No need to wait for a trace. An index may well stand where constants keep it from being used.
            message = f"{expr.span.text} is not in {wanted!r}"
            self.error("E309", message, expr.span, "give a value of the range")
            return None
        return fitting

    def coerced(
        self, term: Term, wanted: Type, what: str, span: Span, coercion: Coercion = Coercion.STORE
    ) -> Term | None:
        """The term as a value of the wanted type."""
        match fit(term.type, wanted):
            case Fit.ALWAYS:
                return term
            case Fit.SOMETIMES:
                return fold(terms.Coerce(term, wanted, coercion, span=span))
            case Fit.NEVER:
                self._misfit(term.type, wanted, what, span, "E304" if coercion is Coercion.INDEX else "E300")
                return None

    def error(self, code: str, message: str, span: Span, remedy: str = "") -> None:
        self.context.error(code, message, span, remedy)

    def _misfit(self, actual: Type, wanted: Type, what: str, span: Span, code: str) -> None:
        if {type(base_of(actual)), type(base_of(wanted))} == {SortType, RangeType}:
            code = "E302"
        remedy = "an element of a sort has no number; use a range if order matters" if code == "E302" else ""
        self.error(
            code,
            f"{what} is {describe(wanted)}, and this is {describe(actual)}",
            span,
            remedy or f"give {describe(wanted)}",
        )

    # --- binders -----------------------------------------------------------------------------------------

    def bind(self, binders: tuple[ast.Binder, ...], what: str) -> tuple[Local, ...] | None:
        """Bind names in the innermost block. None when one of them has no usable type."""
        bound: list[Local] = []
        for binder in binders:
            if self.scope.in_this_block(binder.name.name):
                self.error(
                    "E201", f"`{binder.name.name}` is bound twice", binder.name.span, "rename one of the two"
                )
            type = self.context.small_type(binder.type, what)
            local = self.local(binder.name, BOOL if type is None else type)
            if type is not None:
                bound.append(local)
            else:
                self.broken_locals.add(local.name)
        return tuple(bound) if len(bound) == len(binders) else None

    broken_locals: set[str] = field(default_factory=set)
    """Names whose type could not be made out: nothing is said about their use."""

    def local(self, name: ast.Ident, type: Type) -> Local:
        """Bind one name in the innermost block."""
        local = Local(self.prefix + self.scope.unique(name.name), type, span=name.span)
        self.scope.bind(name.name, local)
        return local

    # --- the walk ----------------------------------------------------------------------------------------

    def lower(self, expr: ast.Expr, expected: Type | None = None) -> Term | None:
        """The term of an expression, or None with a diagnostic. `expected` helps where the expression alone
        does not say its type (`null`, `{}`); the result need not have that type."""
        term = self._lower(expr, expected)
        return None if term is None else fold(term)

    def _lower(self, expr: ast.Expr, expected: Type | None) -> Term | None:
        match expr:
            case ast.Number(value):
                return Literal(value, RangeType(value, value), span=expr.span)
            case ast.Boolean(value):
                return Literal(value, BOOL, span=expr.span)
            case ast.Null():
                return self._null(expr, expected)
            case ast.Name() | ast.Primed() | ast.Index() | ast.FieldAccess():
                return self.finish(self.access(expr), expr.span)
            case ast.Call():
                return self._call(expr, self.primed)
            case ast.Unary():
                return self.operators.unary(expr)
            case ast.Binary():
                return self.operators.binary(expr, expected)
            case ast.Conditional():
                return self._conditional(expr, expected)
            case ast.Quantified():
                return self._quantified(expr)
            case ast.SetLiteral():
                return self._set(expr, expected)
            case ast.Cardinality(operand):
                members = self.lower(operand)
                if members is None or isinstance(members.type, SetType):
                    return None if members is None else terms.Cardinality(members, span=expr.span)
                self.error(
                    "E300",
                    f"`count(…)` takes a set, and this is {describe(members.type)}",
                    operand.span,
                    "to count elements with a property, write `count Task t: …`",
                )
                return None
            case ast.At():
                return self._at(expr)
            case ast.By():
                return self._by(expr)

    def _null(self, expr: ast.Null, expected: Type | None) -> Term | None:
        if isinstance(expected, OptionalType):
            return Literal(None, expected, span=expr.span)
        if isinstance(expected, RangeType | EnumType | SortType):
            message = f"{describe(expected)} is never null"
            self.error("E303", message, expr.span, f"only a `{expected!r}?` can be null")
        elif expected is None:
            self.error("E303", "nothing tells the type of this `null`", expr.span, "compare with a variable")
        else:
            self.error("E303", f"{describe(expected)} is never null", expr.span, "use a value of that type")
        return None

    # --- names and places --------------------------------------------------------------------------------

    def access(self, expr: ast.Expr) -> Path | Term | None:
        """What a chain of names, indices and fields leads to: a place, or a value that is at none."""
        match expr:
            case ast.Name(name):
                return self._name(name, expr.span)
            case ast.Primed(base):
                return self._primed(base, expr.span)
            case ast.Index(base, index):
                return self._index(self.access(base), index, expr.span)
            case ast.FieldAccess(base, name):
                return self._field(self.access(base), name, expr.span)
            case _:
                return self.lower(expr)

    def _name(self, name: str, span: Span) -> Path | Term | None:
        local = self.scope.find(name)
        if local is not None:
            return None if local.name in self.broken_locals else replace(local, span=span)
        if self.self_process is not None and (own := self._own_local(name, span)) is not None:
            return own
        match self.context.symbols.globals.get(name):
            case ast.ConstDecl() as constant:
                literal = self.context.constant(constant)
                return None if literal is None else replace(literal, span=span)
            case EnumValue() as value:
                return replace(self.context.enum_value(value), span=span)
            case ast.VariableDecl() | ast.ProcessDecl() as declaration:
                return self._variable(declaration, span)
            case ast.DefDecl():
                self.error("E202", f"`{name}` is a def", span, f"apply it: `{name}(…)`")
            case None:
                self._unknown_name(name, span)
            case other:
                self.error("E202", f"`{name}` is {kind(other)}, which is no value", span, _no_value(other))
        return None

    def _unknown_name(self, name: str, span: Span) -> None:
        locals = (
            [f.name for f in self.self_process.type.fields]
            if self.self_process is not None and isinstance(self.self_process.type, StructType)
            else []
        )
        known = [*self.scope.names(), *locals, *self.context.symbols.globals]
        self.context.unknown("name", name, span, known, "declare it in `state { … }`, or as a parameter")

    def _own_local(self, name: str, span: Span) -> Path | None:
        """A local of the process whose step this is: found at this instance's own place."""
        process = self.self_process
        if process is None or not isinstance(process.type, StructType):
            return None
        type = process.type.field(name)
        if type is None or name == PROGRAM_COUNTER:
            return None
        if name in self.unset_locals:
            self._has_no_value_yet(name, span)
        declaration = self.context.symbols.globals[process.name]
        assert isinstance(declaration, ast.ProcessDecl)
        indices = tuple(self.scope.blocks[0][param.name.name] for param in declaration.params)
        return Path(process, indices, (name,), type, self.primed, span)

    def _variable(self, declaration: ast.VariableDecl | ast.ProcessDecl, span: Span) -> Path | None:
        name = declaration.name.name
        if self.mode is Mode.CONSTANT:
            self.error(
                "E308",
                f"`{name}` is a part of the state, and a constant is needed here",
                span,
                "use numbers, enum constants and `const`s",
            )
            return None
        if self.readable is not None and name not in self.readable:
            self._has_no_value_yet(name, span)
            return None
        variable = self.context.variable(declaration)
        if variable is None:
            return None
        return Path(variable, (), (), variable.type, self.primed, span)

    def _primed(self, base: ast.Expr, span: Span) -> Path | Term | None:
        if self.mode is not Mode.STEP:
            self.error(
                "E405",
                "`'` speaks of the state after a step, and there is none here",
                span,
                "use it in a `step invariant`",
            )
            return None
        self.uses_step = True
        if self.primed:
            self.error("E406", "this is primed already, by a `'` behind a `def`", span, "leave one `'` out")
            return None
        match base:
            case ast.Name(name):
                found = self._name(name, base.span)
                if isinstance(found, Path):
                    return replace(found, primed=True, span=span)
                if found is not None:
                    message = f"`{name}` is the same before and after a step"
                    self.error("E406", message, span, "`'` goes behind a state variable")
                return None
            case ast.Call():
                return self._call(base, primed=True)
            case ast.Index() | ast.FieldAccess():
                self.error(
                    "E406",
                    "`'` stands directly behind the variable",
                    span,
                    f"write `{_prime_inside(base)}`",
                )
            case _:
                self.error("E406", "`'` goes behind a state variable only", span, "prime the variables in it")
        return None

    def _index(self, base: Path | Term | None, index: ast.Expr, span: Span) -> Path | Term | None:
        if base is None:
            self.lower(index)
            return None
        if not isinstance(base, Path) or base.fields or base.missing == 0:
            self.error(
                "E304", f"this is {describe(base.type)}, not an array", index.span, "leave the index out"
            )
            return None
        type = base.variable.indices[len(base.indices)]
        term = self.value(index, type, f"an index of `{base.variable.name}`", Coercion.INDEX)
        if term is None:
            return None
        return replace(base, indices=(*base.indices, term), span=span)

    def _field(self, base: Path | Term | None, name: ast.Ident, span: Span) -> Path | Term | None:
        if base is None or (isinstance(base, Path) and self._lacks_index(base)):
            return None
        inner = base.type.field(name.name) if isinstance(base.type, StructType) else None
        if inner is None:
            known = [f.name for f in base.type.fields] if isinstance(base.type, StructType) else []
            what = f"`{base.type!r}` has" if known else f"{describe(base.type)} has"
            self.error(
                "E305",
                f"{what} no field `{name.name}`",
                name.span,
                did_you_mean(name.name, known, f"it has: {', '.join(known)}" if known else "leave it out"),
            )
            return None
        if isinstance(base, Path):
            return replace(base, fields=(*base.fields, name.name), type=inner, span=span)
        return terms.FieldOf(base, name.name, inner, span=span)

    def _lacks_index(self, path: Path) -> bool:
        """Report a variable whose indices are not all given."""
        if path.missing == 0:
            return False
        name, types = path.variable.name, path.variable.indices
        shape = name + "".join(f"[{type!r}]" for type in types)
        self.error(
            "E312",
            f"`{name}` needs {len(types)} {'index' if len(types) == 1 else 'indices'}: it is `{shape}`",
            path.span,
            "give the indices; to speak of all elements, use `forall`",
        )
        return True

    def finish(self, found: Path | Term | None, span: Span) -> Term | None:
        """The value at the end of an access."""
        if not isinstance(found, Path):
            return found
        if self._lacks_index(found):
            return None
        if found.variable.process and not found.fields:
            self.error(
                "E312",
                f"`{found.variable.name}` is a process, which is no value",
                span,
                f"ask where it stands: `… at {_first_step(found.variable)}`; or name a local behind a dot",
            )
            return None
        place = Place(found.variable.name, found.indices, found.fields, found.type, span=span)
        return terms.Read(place, found.primed, span=span)

    # --- calls -------------------------------------------------------------------------------------------

    def _call(self, expr: ast.Call, primed: bool) -> Term | None:
        name, span = expr.function.name, expr.function.span
        symbol = self.context.symbols.globals.get(name)
        if not isinstance(symbol, ast.DefDecl):
            for arg in expr.args:
                self.lower(arg)
            self._not_a_def(name, span, symbol is not None)
            return None
        definition = self.context.definitions.get((name, primed)) or define(self.context, symbol, primed)
        if definition is None:
            return None
        if len(expr.args) != len(definition.params):
            count = f"{len(definition.params)} argument{'s' * (len(definition.params) != 1)}"
            self.error("E306", f"`{name}` takes {count}, not {len(expr.args)}", expr.span, _signature(symbol))
            return None
        if definition.steps:
            self.uses_step = True
            if self.mode is not Mode.STEP:
                message = f"`{name}` speaks of a step (`'` or `by`), and there is none here"
                self.error("E405", message, span, "use it in a `step invariant`")
                return None
        self._check_readable(definition.body, span)
        pairs = list(zip(definition.params, expr.args, strict=True))
        values = [self.value(arg, p.type, f"the parameter of `{name}`") for p, arg in pairs]
        term = definition.body
        for param, value in reversed(list(zip(definition.params, values, strict=True))):
            if value is None:
                return None
            if isinstance(value, Literal):
                term = bind(term, param.name, value)
            else:
                term = terms.Let(param, value, term, span=expr.span)
        return term

    def _check_readable(self, body: Term, span: Span) -> None:
        """Report what a `def` reads that has no value yet."""
        if self.readable is None:
            return
        unset = next((name for name in _variables_read(body) if name not in self.readable), None)
        if unset is not None:
            self._has_no_value_yet(unset, span)

    def _has_no_value_yet(self, name: str, span: Span) -> None:
        self.error(
            "E313",
            f"`{name}` has no value yet: initial values are given in the order of declaration",
            span,
            "declare it before this, or assign in an `init` block",
        )

    def _not_a_def(self, name: str, span: Span, known: bool) -> None:
        defs = [n for n, s in self.context.symbols.globals.items() if isinstance(s, ast.DefDecl)]
        if known:
            what = kind(self.context.symbols.globals[name])
            remedy = {
                "a transition": "an expression cannot take a step",
                "a state variable": "index with `[ ]`",
                "a process": "index with `[ ]`, and ask where it stands with `at`",
            }.get(what, f"leave the parentheses out, or declare a def: `def {name}_(…) = …;`")
            self.error("E202", f"`{name}` is {what}, not a def", span, remedy)
        else:
            self.context.unknown("def", name, span, defs, "declare it: `def name(…) = …;`")

    # --- the rest ----------------------------------------------------------------------------------------

    def _conditional(self, expr: ast.Conditional, expected: Type | None) -> Term | None:
        condition = self.boolean(expr.condition)
        if is_untyped(expr.then):
            orelse = self.lower(expr.orelse, expected)
            then = self.lower(expr.then, expected or (None if orelse is None else _nullable(orelse.type)))
        else:
            then = self.lower(expr.then, expected)
            orelse = self.lower(expr.orelse, expected or (None if then is None else _nullable(then.type)))
        if condition is None or then is None or orelse is None:
            return None
        type = join(then.type, orelse.type)
        if type is None:
            message = f"one branch is {describe(then.type)}, the other {describe(orelse.type)}"
            self.error("E301", message, expr.span, "give both branches one type")
            return None
        return terms.Conditional(condition, then, orelse, type, span=expr.span)

    def _quantified(self, expr: ast.Quantified) -> Term | None:
        self.scope.push()
        binders = self.bind(expr.binders, "the variable of a quantifier")
        where = None if expr.where is None else self.boolean(expr.where)
        body = self.boolean(expr.body)
        self.scope.pop()
        if binders is None or body is None or (where is None) != (expr.where is None):
            return None
        match expr.kind:
            case ast.QuantifierKind.COUNT:
                return terms.Count(binders, where, body, span=expr.span)
            case ast.QuantifierKind.FORALL:
                return terms.Quantified(Quantifier.FORALL, binders, where, body, span=expr.span)
            case ast.QuantifierKind.EXISTS:
                return terms.Quantified(Quantifier.EXISTS, binders, where, body, span=expr.span)

    def _set(self, expr: ast.SetLiteral, expected: Type | None) -> Term | None:
        hint = expected.element if isinstance(expected, SetType) else None
        items: list[Term] = []
        type: Type | None = hint if not expr.items else None
        for written in expr.items:
            term = self.lower(written, hint)
            if term is None:
                return None
            element = self.coerced(term, base_of(term.type), "an element", written.span)
            if element is None:
                return None
            if not isinstance(element.type, SortType | EnumType | RangeType):
                message = (
                    f"a set holds elements of a sort, an enum or a range, and not {describe(element.type)}"
                )
                remedy = "all elements of an array begin alike: give one value, or assign in `init`"
                self.error("E300", message, written.span, remedy)
                return None
            type = element.type if type is None else join(type, element.type)
            if not isinstance(type, SortType | EnumType | RangeType):
                self.error(
                    "E301", "the elements of this set have no one type", written.span, "sets hold one type"
                )
                return None
            items.append(element)
        if not isinstance(type, SortType | EnumType | RangeType):
            if expected is not None and hint is None:
                message = f"this is a set, and {describe(expected)} is needed"
                self.error("E300", message, expr.span, f"give {describe(expected)}")
            else:
                self.error(
                    "E300", "nothing tells what `{}` is a set of", expr.span, "compare it with a set variable"
                )
            return None
        return terms.SetLiteral(tuple(items), SetType(type), span=expr.span)

    def _at(self, expr: ast.At) -> Term | None:
        found = self.access(expr.process)
        if found is None:
            return None
        if not isinstance(found, Path) or not found.variable.process or found.fields:
            self.error(
                "E202",
                "`at` asks where a process stands, and this is none",
                expr.process.span,
                "name a process",
            )
            return None
        if self._lacks_index(found):
            return None
        declaration = self.context.symbols.globals[found.variable.name]
        assert isinstance(declaration, ast.ProcessDecl)
        steps = program_counter(declaration)
        if expr.step.name not in steps.values:
            remedy = did_you_mean(expr.step.name, steps.values, f"its steps are: {', '.join(steps.values)}")
            if expr.step.name == EXITED:
                remedy = f"no step of `{declaration.name.name}` has an `exit`"
            message = f"`{declaration.name.name}` has no step `{expr.step.name}`"
            self.error("E403", message, expr.step.span, remedy)
            return None
        place = Place(found.variable.name, found.indices, (PROGRAM_COUNTER,), steps, span=expr.process.span)
        counter = terms.Read(place, found.primed, span=expr.process.span)
        step = Literal(expr.step.name, steps, span=expr.step.span)
        return terms.Compare(Comparison.EQ, counter, step, span=expr.span)

    def _by(self, expr: ast.By) -> Term | None:
        if self.mode is not Mode.STEP:
            self.error(
                "E405",
                "`by` asks who made a step, and there is none here",
                expr.span,
                "use it in a `step invariant`",
            )
            return None
        self.uses_step = True
        name = expr.transition.name
        known = self.context.symbols.transitions()
        made_by = tuple(n for n in known if n == name or n.partition(".")[0] == name)
        if not made_by:
            self.context.unknown(
                "transition", name, expr.transition.span, known, "name a transition or a step"
            )
            return None
        return terms.By(made_by, span=expr.span)


def define(context: Context, declaration: ast.DefDecl, primed: bool) -> Definition | None:
    """Lower a `def`: once, and once more where it is primed."""
    name = declaration.name.name
    if (name, primed) in context.definitions:
        return context.definitions[name, primed]
    if not context.enter(name, declaration.name.span):
        return None
    lowering = Expressions(context, Scope(), Mode.STEP, primed=primed, prefix=f"{name}.")
    params = lowering.bind(declaration.params, "the parameter of a def")
    body = lowering.lower(declaration.body)
    context.pending.pop()
    definition = None
    if params is not None and body is not None and is_small(context, body, declaration.name.span):
        definition = Definition(params, body, lowering.uses_step)
    context.definitions[name, primed] = definition
    return definition


def evaluate(context: Context, expr: ast.Expr, expected: Type | None) -> Literal | None:
    """The value of a constant expression."""
    lowering = Expressions(context, Scope(), Mode.CONSTANT)
    term = lowering.lower(expr) if expected is None else lowering.value(expr, expected, "the constant")
    if term is None or isinstance(term, Literal):
        return term if term is None or expected is None else replace(term, type=expected)
    if isinstance(term, terms.Coerce) and isinstance(term.arg, Literal):
        message = f"{term.arg!r} is not in {term.type!r}"
        context.error("E309", message, expr.span, "give a value of the range")
    else:
        context.error("E308", "this is not a constant", expr.span, "use numbers, enum constants and `const`s")
    return None


def _variables_read(term: Term) -> Iterator[str]:
    if isinstance(term, terms.Read):
        yield term.place.variable
    for child in children(term):
        yield from _variables_read(child)


def _is_written_out(expr: ast.Expr) -> bool:
    """Whether an expression is a number, as in `7` and `-1`."""
    inner = expr.arg if isinstance(expr, ast.Unary) and expr.op is ast.UnaryOp.MINUS else expr
    return isinstance(inner, ast.Number)


def _nullable(type: Type) -> Type:
    return OptionalType(type) if isinstance(type, RangeType | EnumType | SortType) else type


def _prime_inside(expr: ast.Expr) -> str:
    """The text of an access with its prime where it belongs."""
    inner = expr
    while isinstance(inner, ast.Index | ast.FieldAccess):
        inner = inner.base
    text = expr.span.text
    cut = inner.span.end - expr.span.start
    return f"{text[:cut]}'{text[cut:]}"


def _first_step(process: Variable) -> str:
    assert isinstance(process.type, StructType) and isinstance(process.type.fields[0].type, EnumType)
    return process.type.fields[0].type.values[0]


def _signature(declaration: ast.DefDecl) -> str:
    params = ", ".join(f"{p.type.span.text} {p.name.name}" for p in declaration.params)
    return f"it is declared as `{declaration.name.name}({params})`"


def _no_value(symbol: object) -> str:
    if isinstance(symbol, ast.SortDecl | ast.EnumDecl):
        return f"name an element by a parameter or a quantifier: `exists {symbol.name.name} x: …`"
    if isinstance(symbol, ast.TransitionDecl):
        return "to ask whether it made a step, write `by(…)` in a step invariant"
    return "name a variable, a constant or an enum constant"
