"""Elaboration: a program with its constants set becomes a system."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from mmcheck.core import system
from mmcheck.core.system import Body, System, Variable
from mmcheck.core.types import Value
from mmcheck.diagnostics import Collector
from mmcheck.elaborate.context import Context
from mmcheck.elaborate.expressions import define, evaluate
from mmcheck.elaborate.modules import Program
from mmcheck.elaborate.processes import lower_process
from mmcheck.elaborate.properties import lower_assumptions, lower_properties
from mmcheck.elaborate.scope import Symbols, declare
from mmcheck.elaborate.statements import Statements, Where, initialise, initialise_process
from mmcheck.elaborate.transitions import lower_transition
from mmcheck.syntax import ast

LARGEST_SORT = 64
"""The most elements that a sort may have."""


class Elaborated(Struct, frozen=True):
    """A system, with the values that its constants have and the sizes that its sorts have by declaration."""

    system: System
    constants: Mapping[str, Value]
    sizes: Mapping[str, int]


def elaborate(
    program: Program, symbols: Symbols, constants: Mapping[str, Value], collector: Collector
) -> Elaborated:
    """Type and lower a program, with some of its constants set to other values than declared.

    With errors, which go to the collector, the system lacks what has them."""
    context = Context(symbols, collector, constants, evaluate)
    declarations = _first_of_each_name(program, symbols)
    sizes = {d.name.name: _size(context, d) for d in declarations if isinstance(d, ast.SortDecl)}
    values = {d.name.name: context.constant(d) for d in declarations if isinstance(d, ast.ConstDecl)}
    for declaration in declarations:
        if isinstance(declaration, ast.StructDecl):
            context.type(ast.NamedType(declaration.name.name, span=declaration.name.span))
        elif isinstance(declaration, ast.DefDecl):
            define(context, declaration, primed=False)
    lowered = System(
        name=program.name,
        sorts=tuple(
            system.Sort(d.name.name, doc=d.doc, span=d.span)
            for d in declarations
            if isinstance(d, ast.SortDecl)
        ),
        variables=_variables(context, declarations),
        init=_init(context, declarations),
        transitions=_transitions(context, declarations),
        properties=lower_properties(context, declarations),
        assumptions=lower_assumptions(context, declarations),
        doc=program.doc,
    )
    known = {name: literal.value for name, literal in values.items() if literal is not None}
    return Elaborated(lowered, known, sizes)


def symbols_of(program: Program, collector: Collector) -> Symbols:
    """The names of a program, which do not depend on its constants."""
    return declare(program, collector)


def _first_of_each_name(program: Program, symbols: Symbols) -> tuple[ast.Decl, ...]:
    """The declarations without those whose name was taken already."""
    return tuple(
        d
        for d in program.declarations
        if not isinstance(
            d,
            ast.SortDecl
            | ast.EnumDecl
            | ast.StructDecl
            | ast.ConstDecl
            | ast.DefDecl
            | ast.TransitionDecl
            | ast.ProcessDecl,
        )
        or symbols.globals[d.name.name] is d
    )


def _size(context: Context, declaration: ast.SortDecl) -> int:
    """The declared size of a sort; 1 where there is something wrong with it, which is reported."""
    return sort_size(context, declaration.name.name, declaration.size) or 1


def sort_size(context: Context, name: str, written: ast.Expr) -> int | None:
    """The value of an expression that is the size of a sort, or None with a diagnostic."""
    size = context.number(written, "the size of a sort")
    if size is None or 1 <= size <= LARGEST_SORT:
        return size
    remedy = f"a sort has 1 to {LARGEST_SORT} elements; two or three show most bugs"
    context.error("E503", f"`{name}` cannot have {size} elements", written.span, remedy)
    return None


def _state_variables(declarations: tuple[ast.Decl, ...]) -> list[ast.VariableDecl]:
    return [v for d in declarations if isinstance(d, ast.StateBlock) for v in d.variables]


def _variables(context: Context, declarations: tuple[ast.Decl, ...]) -> tuple[Variable, ...]:
    """State variables in the order of declaration, then the processes."""
    found = [
        context.variable(v)
        for v in _state_variables(declarations)
        if context.symbols.globals[v.name.name] is v
    ]
    found += [context.variable(d) for d in declarations if isinstance(d, ast.ProcessDecl)]
    return tuple(variable for variable in found if variable is not None)


def _init(context: Context, declarations: tuple[ast.Decl, ...]) -> Body:
    """Initialisers in the order of declaration, then processes, then the `init` blocks."""
    body: list[system.Statement] = []
    readable: set[str] = set()
    for variable in _state_variables(declarations):
        body += initialise(context, variable, readable)
        readable.add(variable.name.name)
    for declaration in declarations:
        if isinstance(declaration, ast.ProcessDecl):
            body += initialise_process(context, declaration)
    for declaration in declarations:
        if isinstance(declaration, ast.InitBlock):
            body += Statements(context, Where.INIT).block(declaration.body)
    return tuple(body)


def _transitions(context: Context, declarations: tuple[ast.Decl, ...]) -> tuple[system.Transition, ...]:
    transitions: list[system.Transition] = []
    for declaration in declarations:
        match declaration:
            case ast.TransitionDecl():
                lowered = lower_transition(context, declaration)
                if lowered is not None:
                    transitions.append(lowered)
            case ast.ProcessDecl():
                transitions += lower_process(context, declaration)
            case _:
                pass
    return tuple(transitions)
