"""Statements: typed and lowered, in the bodies of transitions, steps and `init` blocks."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct, field

from mmcheck.core import system
from mmcheck.core.system import EXITED, PROGRAM_COUNTER, Body
from mmcheck.core.terms import Coercion, Literal, Local, Place, Term
from mmcheck.core.types import BOOL, EnumType, SortType, StructType, Type, default
from mmcheck.elaborate.bulk import check_bulk
from mmcheck.elaborate.context import Context, program_counter
from mmcheck.elaborate.expressions import Expressions, Mode, Path
from mmcheck.elaborate.operators import is_untyped
from mmcheck.elaborate.scope import Scope, did_you_mean
from mmcheck.source import Span
from mmcheck.syntax import ast


class Where(Enum):
    """What kind of body a statement stands in."""

    INIT = "an `init` block"
    TRANSITION = "a transition"
    STEP = "a step of a process"


class Statements(Struct, dict=True):
    """Lowers one body. `process` is that of the step being lowered."""

    context: Context
    where: Where
    scope: Scope = field(default_factory=Scope)
    process: ast.ProcessDecl | None = None
    bulk: int = 0
    """How many bulk updates are open around the statement."""

    def __post_init__(self) -> None:
        variable = None if self.process is None else self.context.variable(self.process)
        self.expressions = Expressions(self.context, self.scope, Mode.STATE, self_process=variable)

    def block(self, statements: tuple[ast.Statement, ...]) -> Body:
        """A block of its own: names bound in it end with it."""
        self.scope.push()
        lowered = self.sequence(statements)
        self.scope.pop()
        return lowered

    def sequence(self, statements: tuple[ast.Statement, ...]) -> Body:
        body: list[system.Statement] = []
        for i, statement in enumerate(statements):
            body += self._statement(statement)
            if self.process is not None and jumps(statement) and i + 1 < len(statements):
                message = "this is never reached: what stands before it ends the step"
                self.context.error("E407", message, statements[i + 1].span, "leave it out, or put it before")
        return tuple(body)

    def _statement(self, statement: ast.Statement) -> Body:
        """What one statement becomes; nothing where it has errors, which are reported."""
        match statement:
            case ast.Require(condition):
                term = self.expressions.boolean(condition)
                return () if term is None else (system.Require(term, span=statement.span),)
            case ast.Assert(condition):
                term = self.expressions.boolean(condition)
                return () if term is None else (system.Assert(term, span=statement.span),)
            case ast.Assign():
                return self._assign(statement)
            case ast.Let():
                return self._let(statement)
            case ast.Choose():
                return self._choose(statement)
            case ast.If():
                return self._if(statement)
            case ast.ForAll():
                return self._for_all(statement)
            case ast.Reset(names):
                allowed = self._not_in_bulk(statement.span, "reset")
                return tuple(s for name in names for s in self._reset(name)) if allowed else ()
            case ast.ResetVolatile():
                allowed = self._not_in_bulk(statement.span, "reset")
                return reset_volatile(self.context) if allowed else ()
            case ast.Goto():
                return self._goto(statement)
            case ast.Exit():
                return self._exit(statement)

    def _assign(self, statement: ast.Assign) -> Body:
        place = self._target(statement.target)
        if isinstance(statement.value, ast.AnyValue):
            return () if place is None else (system.Havoc(place, span=statement.span),)
        if place is None:
            # What has no type of its own would be reported for the want of the target's.
            if not is_untyped(statement.value):
                self.expressions.lower(statement.value)
            return ()
        value = self.expressions.value(
            statement.value, place.type, f"`{statement.target.span.text}`", Coercion.STORE
        )
        return () if value is None else (system.Assign(place, value, span=statement.span),)

    def _target(self, target: ast.Expr) -> Place | None:
        found = self.expressions.access(target)
        if found is None:
            return None
        if not isinstance(found, Path):
            message, remedy = _why_no_target(found, target)
            self.context.error("E400", message, target.span, remedy)
            return None
        own = self.process is not None and found.variable.name == self.process.name.name
        if found.variable.process and not own:
            self.context.error(
                "E400",
                f"the process `{found.variable.name}` alone changes its locals",
                target.span,
                "keep what others change in a `state` block",
            )
            return None
        if found.primed:
            self.context.error("E405", "a target has no `'`", target.span, "leave it out")
            return None
        if self.expressions.finish(found, target.span) is None:
            return None
        return Place(found.variable.name, found.indices, found.fields, found.type, span=target.span)

    def _let(self, statement: ast.Let) -> Body:
        value = self.expressions.lower(statement.value)
        if self.scope.in_this_block(statement.name.name):
            message = f"`{statement.name.name}` is bound twice in this block"
            self.context.error("E201", message, statement.name.span, "rename one of the two")
        local = self.expressions.local(statement.name, BOOL if value is None else value.type)
        if value is None:
            self.expressions.broken_locals.add(local.name)
            return ()
        return (system.Let(local, value, span=statement.span),)

    def _choose(self, statement: ast.Choose) -> Body:
        binders = self.expressions.bind(statement.binders, "what is chosen")
        where = None if statement.where is None else self.expressions.boolean(statement.where)
        if binders is None or (where is None) != (statement.where is None):
            return ()
        return (system.Choose(binders, where, span=statement.span),)

    def _if(self, statement: ast.If) -> Body:
        condition = self.expressions.boolean(statement.condition)
        then, orelse = self.block(statement.then), self.block(statement.orelse)
        if condition is None:
            return ()
        if isinstance(condition, Literal):
            return then if condition.value else orelse
        return (system.If(condition, then, orelse, span=statement.span),)

    def _for_all(self, statement: ast.ForAll) -> Body:
        self.scope.push()
        binders = self.expressions.bind(statement.binders, "the variable of a bulk update")
        where = None if statement.where is None else self.expressions.boolean(statement.where)
        self.bulk += 1
        body = self.sequence(statement.body)
        self.bulk -= 1
        self.scope.pop()
        if binders is None or (where is None) != (statement.where is None):
            return ()
        update = system.ForAll(binders, where, body, span=statement.span)
        if not self.bulk:
            check_bulk(update, self.context.collector)
        return (update,)

    def _not_in_bulk(self, span: Span, word: str) -> bool:
        if self.bulk:
            message = f"`{word}` cannot stand in a bulk `forall`, which does its body for all values at once"
            self.context.error("E402", message, span, f"put `{word}` behind the `forall`")
        return not self.bulk

    def _reset(self, name: ast.Ident) -> Body:
        symbol = self.context.symbols.globals.get(name.name)
        if self.scope.find(name.name) is not None or self._is_own_local(name.name):
            message = f"`{name.name}` is no state variable: it has this meaning here only"
            self.context.error("E202", message, name.span, "assign to a local of a process to set it back")
            return ()
        match symbol:
            case ast.VariableDecl():
                return initialise(self.context, symbol)
            case ast.ProcessDecl():
                return initialise_process(self.context, symbol)
            case None:
                variables = [
                    n
                    for n, s in self.context.symbols.globals.items()
                    if isinstance(s, ast.VariableDecl | ast.ProcessDecl)
                ]
                self.context.unknown(
                    "state variable", name.name, name.span, variables, "name a state variable"
                )
            case _:
                self.context.error(
                    "E202", f"`{name.name}` is no state variable", name.span, "name a state variable"
                )
        return ()

    # --- processes ---------------------------------------------------------------------------------------

    def _is_own_local(self, name: str) -> bool:
        return self.process is not None and any(local.name.name == name for local in self.process.locals)

    def _goto(self, statement: ast.Goto) -> Body:
        process = self._in_process(statement.span, "goto")
        if process is None or not self._not_in_bulk(statement.span, "goto"):
            return ()
        steps = [step.name.name for step in process.steps]
        if statement.step.name not in steps:
            self.context.error(
                "E403",
                f"`{process.name.name}` has no step `{statement.step.name}`",
                statement.step.span,
                did_you_mean(statement.step.name, steps, f"its steps are: {', '.join(steps)}"),
            )
            return ()
        return (
            *self.stand_at(process, statement.step.name, statement.span),
            system.Stop(span=statement.span),
        )

    def _exit(self, statement: ast.Exit) -> Body:
        process = self._in_process(statement.span, "exit")
        if process is None or not self._not_in_bulk(statement.span, "exit"):
            return ()
        return (*self.stand_at(process, EXITED, statement.span), system.Stop(span=statement.span))

    def _in_process(self, span: Span, word: str) -> ast.ProcessDecl | None:
        if self.process is None:
            message = f"`{word}` moves a process, and this is {self.where.value}"
            self.context.error("E402", message, span, "use it in a step of a `process` only")
        return self.process

    def stand_at(self, process: ast.ProcessDecl, step: str, span: Span) -> Body:
        """Move the program counter of this instance."""
        variable = self.context.variable(process)
        if variable is None:
            return ()
        counter = program_counter(process)
        place = Place(variable.name, self.own_indices(process), (PROGRAM_COUNTER,), counter, span=span)
        return (system.Assign(place, Literal(step, counter), span=span),)

    def own_indices(self, process: ast.ProcessDecl) -> tuple[Local, ...]:
        """The parameters of the process, as indices of its variable."""
        return tuple(self.scope.blocks[0][param.name.name] for param in process.params)


def jumps(statement: ast.Statement) -> bool:
    """Whether nothing behind a statement is ever reached, whatever the state."""
    match statement:
        case ast.Goto() | ast.Exit():
            return True
        case ast.If(_, then, orelse):
            return bool(then and orelse) and jumps(then[-1]) and jumps(orelse[-1])
        case _:
            return False


def initialise(context: Context, declaration: ast.VariableDecl, readable: set[str] | None = None) -> Body:
    """The statement that gives a variable its initial value."""
    variable = context.variable(declaration)
    if variable is None:
        return ()
    # The names bound here are the variable's own, since a `reset` puts them into another's scope.
    names = tuple(Local(f"{variable.name}.i{n}", type) for n, type in enumerate(variable.indices))
    expressions = Expressions(context, Scope(), Mode.STATE, prefix=f"{variable.name}.", readable=readable)
    place = Place(variable.name, names, (), variable.type, span=declaration.name.span)
    statement = _initial(expressions, place, declaration.init, declaration.span)
    if statement is None:
        return ()
    return (system.ForAll(names, None, (statement,), span=declaration.span),) if names else (statement,)


def initialise_process(context: Context, declaration: ast.ProcessDecl) -> Body:
    """The statements that put every instance of a process at its first step, with fresh locals."""
    variable = context.variable(declaration)
    if variable is None:
        return ()
    lowering = Statements(context, Where.STEP, process=declaration)
    lowering.expressions.prefix = f"{declaration.name.name}."
    names = lowering.expressions.bind(declaration.params, "the parameter of a process")
    if names is None:
        return ()
    body = lowering.stand_at(declaration, declaration.steps[0].name.name, declaration.span)
    body += fresh_locals(lowering, declaration)
    return (system.ForAll(names, None, body, span=declaration.span),) if names else body


def fresh_locals(lowering: Statements, declaration: ast.ProcessDecl) -> Body:
    """The statements that give the locals of this instance their initial values."""
    variable = lowering.context.variable(declaration)
    if variable is None or not isinstance(variable.type, StructType):
        return ()
    body: list[system.Statement] = []
    unset = lowering.expressions.unset_locals
    unset |= {local.name.name for local in declaration.locals}
    for local in declaration.locals:
        type = variable.type.field(local.name.name)
        if type is None:
            continue
        indices = lowering.own_indices(declaration)
        place = Place(variable.name, indices, (local.name.name,), type, span=local.span)
        statement = _initial(lowering.expressions, place, local.init, local.span)
        unset.discard(local.name.name)
        if statement is not None:
            body.append(statement)
    return tuple(body)


def reset_volatile(context: Context) -> Body:
    """Everything that a crash loses goes back to its initial value: volatile variables, then processes."""
    body: list[system.Statement] = []
    for symbol in context.symbols.globals.values():
        if isinstance(symbol, ast.VariableDecl) and symbol.name.name in context.symbols.volatile:
            body += initialise(context, symbol)
    for symbol in context.symbols.globals.values():
        if isinstance(symbol, ast.ProcessDecl):
            body += initialise_process(context, symbol)
    return tuple(body)


def _initial(
    expressions: Expressions, place: Place, init: ast.Expr | ast.AnyValue | None, span: Span
) -> system.Statement | None:
    """The assignment of an initial value: what is written, any value, or the type's default."""
    if isinstance(init, ast.AnyValue):
        return system.Havoc(place, span=span)
    if init is not None:
        value = expressions.value(init, place.type, "the initial value")
        return None if value is None else system.Assign(place, value, span=span)
    if (sort := _sort_inside(place.type)) is not None:
        expressions.error(
            "E310",
            f"this holds an element of `{sort}`, and none of them is the default",
            span,
            f"write `= any`, or make it `{sort}?` so that it begins as null",
        )
        return None
    return system.Assign(place, Literal(default(place.type), place.type), span=span)


def _sort_inside(type: Type) -> str | None:
    """The sort that leaves a type without a default."""
    match type:
        case SortType(name):
            return name
        case StructType(_, fields):
            return next((sort for f in fields if (sort := _sort_inside(f.type)) is not None), None)
        case _:
            return None


def _why_no_target(found: Term, target: ast.Expr) -> tuple[str, str]:
    name = target.span.text
    match found:
        case Local():
            return (
                f"`{name}` is a name for a value, and cannot change",
                "keep what changes in a state variable",
            )
        case Literal(_, EnumType()):
            return f"`{name}` is a constant of an enum", "assign to a state variable"
        case Literal():
            return f"`{name}` is a constant", "assign to a state variable"
        case _:
            return (
                f"`{name}` is no place that could be assigned",
                "assign to a state variable or to an element",
            )
