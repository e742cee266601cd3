"""The meaning of systems, written once, for reading. Every engine is measured against it.

A term means a function from environments to values (`denote`); a statement means a function from an
environment to all that it can lead to (`execute`): nothing where it is not enabled, several environments
where it chooses, a `Failed` where it runs into a model error. A step is an action run from a state.

What is evaluated, and what is not, matters, since evaluation can fail: `&&`, `||`, `=>` and `(c ? a : b)`
stop as soon as their value is known, as in C; quantifiers, `count` and `choose` evaluate every binding, so
that nothing depends on the order of the elements of a sort.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias, assert_never

from msgspec import Struct

from mmcheck.core import system, terms
from mmcheck.core.coverage import Branch, Side
from mmcheck.core.instance import Action, Instance, State, assemble, bindings, flatten
from mmcheck.core.system import Body, Statement
from mmcheck.core.terms import ArithmeticOp, Comparison, Local, Place, Quantifier, SetOp, Term
from mmcheck.core.trace import Choices, FailedStep, Failure, Step
from mmcheck.core.types import (
    OptionalType,
    RangeType,
    SetType,
    StructType,
    Value,
    default,
    domain,
    show_value,
)
from mmcheck.source import Span


class ModelError(Exception):
    """Raised by the meaning of a term that has no value: the design itself is wrong there."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Env(NamedTuple):
    """What a term is evaluated in, and what a statement changes.

    `reads` is the state that reads see: `state` itself, but inside a bulk `forall` the state before it."""

    state: State
    reads: State
    locals: Mapping[str, Value]
    choices: Choices = ()
    stopped: bool = False
    after: State = ()
    """The state after the step, where there is one: what primed reads see."""
    by: str = ""
    """The name of the transition that made the step."""
    taken: frozenset[Branch] = frozenset()
    """The branches that were taken on the way here, which mean nothing: coverage counts them."""


class Failed(NamedTuple):
    """A run that ended in a model error."""

    failure: Failure
    choices: Choices
    taken: frozenset[Branch] = frozenset()


Meaning: TypeAlias = Callable[[Env], Value]
Outcome: TypeAlias = Env | Failed
Execution: TypeAlias = Callable[[Env], tuple[Outcome, ...]]


def at(state: State, locals: Mapping[str, Value], after: State = (), by: str = "") -> Env:
    """The environment in which a property is evaluated."""
    return Env(state, state, locals, after=after, by=by)


# --- terms -----------------------------------------------------------------------------------------------


def denote(term: Term, instance: Instance) -> Meaning:
    """The meaning of a term. It raises ModelError where the term has no value."""

    def meaning(inner: Term) -> Meaning:
        return denote(inner, instance)

    match term:
        case terms.Literal(constant):
            return lambda env: constant
        case terms.Local(name):
            return lambda env: env.locals[name]
        case terms.Read(place, primed):
            return _read(place, primed, instance)
        case terms.FieldOf(record, name):
            of = meaning(record)
            return lambda env: of(env).get(name)  # type: ignore[union-attr]  # typed as a struct
        case terms.Not(arg):
            negated = meaning(arg)
            return lambda env: not negated(env)
        case terms.And(args):
            conjuncts = [meaning(arg) for arg in args]
            return lambda env: all(conjunct(env) for conjunct in conjuncts)
        case terms.Or(args):
            disjuncts = [meaning(arg) for arg in args]
            return lambda env: any(disjunct(env) for disjunct in disjuncts)
        case terms.Implies(premise, conclusion):
            left, right = meaning(premise), meaning(conclusion)
            return lambda env: right(env) if left(env) else True
        case terms.Compare(comparison, lesser, greater):
            return _compare(comparison, meaning(lesser), meaning(greater))
        case terms.Arithmetic(operator, first, second):
            return _compute(operator, meaning(first), meaning(second))
        case terms.Conditional(condition, then, orelse):
            test, left, right = meaning(condition), meaning(then), meaning(orelse)
            return lambda env: left(env) if test(env) else right(env)
        case terms.Quantified(quantifier, binders, where, body):
            values = _each(binders, where, body, instance)
            if quantifier is Quantifier.FORALL:
                return lambda env: all(values(env))
            return lambda env: any(values(env))
        case terms.Count(binders, where, body):
            values = _each(binders, where, body, instance)
            return lambda env: sum(map(bool, values(env)))
        case terms.SetLiteral(items):
            elements = [meaning(item) for item in items]
            return lambda env: frozenset(element(env) for element in elements)
        case terms.SetOperation(operation, first, second):
            return _combine(operation, meaning(first), meaning(second))
        case terms.Member(element, container):
            left, right = meaning(element), meaning(container)
            return lambda env: left(env) in right(env)  # type: ignore[operator]  # typed as a set
        case terms.Cardinality(container):
            elements_of = meaning(container)
            return lambda env: len(elements_of(env))  # type: ignore[arg-type]
        case terms.Coerce():
            return _coerce(term, meaning(term.arg))
        case terms.Let(local, given, body):
            bound, rest = meaning(given), meaning(body)
            return lambda env: rest(env._replace(locals={**env.locals, local.name: bound(env)}))
        case terms.By(transitions):
            return lambda env: env.by in transitions
        case _:
            assert_never(term)


def _locate(place: Place, instance: Instance) -> Callable[[Env], slice]:
    """Where in the state a place lies, which may depend on the state."""
    slices = instance.slices(place.variable, place.path)
    indices = [denote(index, instance) for index in place.indices]
    if not indices:
        fixed = slices[()]
        return lambda env: fixed
    if len(indices) == 1:
        only = indices[0]
        return lambda env: slices[(only(env),)]
    return lambda env: slices[tuple([index(env) for index in indices])]


def _read(place: Place, primed: bool, instance: Instance) -> Meaning:
    locate = _locate(place, instance)

    def read(env: Env) -> Value:
        state = env.after if primed else env.reads
        return assemble(place.type, iter(state[locate(env)]))

    def read_scalar(env: Env) -> Value:
        start: int = locate(env).start
        return (env.after if primed else env.reads)[start]

    return read if isinstance(place.type, StructType) else read_scalar


def _compare(comparison: Comparison, left: Meaning, right: Meaning) -> Meaning:
    match comparison:
        case Comparison.EQ:
            return lambda env: left(env) == right(env)
        case Comparison.LT:
            return lambda env: left(env) < right(env)  # type: ignore[operator]  # typed as integers
        case Comparison.LE:
            return lambda env: left(env) <= right(env)  # type: ignore[operator]
        case _:
            assert_never(comparison)


def _compute(operator: ArithmeticOp, left: Meaning, right: Meaning) -> Meaning:
    def number(meaning: Meaning, env: Env) -> int:
        value = meaning(env)
        assert isinstance(value, int)
        return value

    match operator:
        case ArithmeticOp.ADD:
            return lambda env: number(left, env) + number(right, env)
        case ArithmeticOp.SUB:
            return lambda env: number(left, env) - number(right, env)
        case _:
            assert_never(operator)


def _combine(operation: SetOp, left: Meaning, right: Meaning) -> Meaning:
    match operation:
        case SetOp.UNION:
            return lambda env: left(env) | right(env)  # type: ignore[operator]  # typed as sets
        case SetOp.INTERSECTION:
            return lambda env: left(env) & right(env)  # type: ignore[operator]
        case SetOp.DIFFERENCE:
            return lambda env: left(env) - right(env)  # type: ignore[operator]
        case _:
            assert_never(operation)


def _matching(
    binders: tuple[Local, ...], where: Term | None, instance: Instance
) -> Callable[[Env], list[Mapping[str, Value]]]:
    """The bindings that satisfy `where`, each together with the names bound outside."""
    choices = [bindings(binders, values) for values in instance.values(binders)]
    if where is None:
        return lambda env: [{**env.locals, **choice} for choice in choices]
    condition = denote(where, instance)

    def matching(env: Env) -> list[Mapping[str, Value]]:
        inside = [{**env.locals, **choice} for choice in choices]
        return [locals for locals in inside if condition(env._replace(locals=locals))]

    return matching


def _each(
    binders: tuple[Local, ...], where: Term | None, body: Term, instance: Instance
) -> Callable[[Env], list[Value]]:
    """The value of the body for each binding that satisfies `where`: all of them, always."""
    matching = _matching(binders, where, instance)
    value = denote(body, instance)
    return lambda env: [value(env._replace(locals=locals)) for locals in matching(env)]


def _coerce(term: terms.Coerce, arg: Meaning) -> Meaning:
    """The value of the argument if it is one of the type; a model error otherwise."""
    type = term.type
    nullable = isinstance(type, OptionalType)
    base = type.base if isinstance(type, OptionalType) else type
    bounds = base.element if isinstance(base, SetType) else base
    written = term.span.text if term.span else repr(term.arg)

    def fits(value: Value) -> bool:
        return not (
            isinstance(bounds, RangeType)
            and isinstance(value, int)
            and not bounds.includes(RangeType(value, value))
        )

    def coerce(env: Env) -> Value:
        value = arg(env)
        if value is None and not nullable:
            raise ModelError(Failure("null dereference", f"`{written}` is null", term.span))
        if not (all(map(fits, value)) if isinstance(value, frozenset) else fits(value)):
            message = f"`{written}` is {show_value(value)}, outside of {bounds!r}"
            raise ModelError(Failure(term.coercion.value, message, term.span))
        return value

    return coerce


# --- statements ------------------------------------------------------------------------------------------


def execute(body: Body, instance: Instance, bulk: bool = False) -> Execution:
    """The meaning of a sequence of statements; `bulk` inside of a bulk `forall`, where reads do not see
    what is written."""
    meanings = [_catching(_statement(statement, instance, bulk)) for statement in body]
    return lambda env: tuple(_thread(env, meanings))


def _thread(env: Env, executions: Sequence[Execution]) -> Iterator[Outcome]:
    """One execution after the other, on every way through."""
    pending = [(env, 0)]
    while pending:
        env, done = pending.pop()
        if done == len(executions) or env.stopped:
            yield env
            continue
        for outcome in reversed(executions[done](env)):
            if isinstance(outcome, Failed):
                yield outcome
            else:
                pending.append((outcome, done + 1))


def _catching(execution: Execution) -> Execution:
    """A model error inside a statement is its outcome."""

    def run(env: Env) -> tuple[Outcome, ...]:
        try:
            return execution(env)
        except ModelError as error:
            return (Failed(error.failure, env.choices, env.taken),)

    return run


def _statement(statement: Statement, instance: Instance, bulk: bool) -> Execution:
    match statement:
        case system.Require(condition):
            enabled = denote(condition, instance)
            return lambda env: (env,) if enabled(env) else ()
        case system.Assert(condition):
            return _assert(statement, denote(condition, instance))
        case system.Assign(place, value):
            write, of = _write(place, instance, bulk), denote(value, instance)
            return lambda env: (write(env, of(env)),)
        case system.Havoc(place):
            write, values = _write(place, instance, bulk), tuple(domain(place.type, instance.sizes))
            return lambda env: tuple(write(env, value) for value in values)
        case system.Let(local, value):
            of = denote(value, instance)
            return lambda env: (env._replace(locals={**env.locals, local.name: of(env)}),)
        case system.Choose(binders, where):
            return _choose(binders, _matching(binders, where, instance))
        case system.If(condition, then, orelse):
            test = denote(condition, instance)
            taken = _marked(statement.span, Side.THEN, execute(then, instance, bulk))
            otherwise = _marked(statement.span, Side.ELSE, execute(orelse, instance, bulk))
            return lambda env: taken(env) if test(env) else otherwise(env)
        case system.ForAll(binders, where, body):
            each = _marked(statement.span, Side.BODY, execute(body, instance, bulk=True))
            return _for_all(_matching(binders, where, instance), each, bulk)
        case system.Stop():
            return lambda env: (env._replace(stopped=True),)
        case _:
            assert_never(statement)


def _marked(span: Span | None, side: Side, execution: Execution) -> Execution:
    """The execution of a branch, which remembers that it was taken."""
    if span is None:
        return execution
    mark = frozenset((Branch(span, side),))
    return lambda env: execution(env if mark <= env.taken else env._replace(taken=env.taken | mark))


def _assert(statement: system.Assert, holds: Meaning) -> Execution:
    written = statement.span.text if statement.span else repr(statement)
    failure = Failure("failed assert", f"`{written}` is false", statement.span)
    return lambda env: (env if holds(env) else Failed(failure, env.choices, env.taken),)


def _write(place: Place, instance: Instance, bulk: bool) -> Callable[[Env, Value], Env]:
    locate = _locate(place, instance)

    def write(env: Env, value: Value) -> Env:
        where = locate(env)
        state = env.state[: where.start] + flatten(value) + env.state[where.stop :]
        return Env(state, env.reads if bulk else state, env.locals, env.choices, taken=env.taken)

    return write


def _choose(binders: tuple[Local, ...], matching: Callable[[Env], list[Mapping[str, Value]]]) -> Execution:
    def picked(locals: Mapping[str, Value]) -> Choices:
        return tuple((binder.name, locals[binder.name]) for binder in binders)

    return lambda env: tuple(
        env._replace(locals=locals, choices=env.choices + picked(locals)) for locals in matching(env)
    )


def _for_all(
    matching: Callable[[Env], list[Mapping[str, Value]]], execution: Execution, bulk: bool
) -> Execution:
    """All bindings at once: each runs against the same reads, and the writes, to different cells, add up."""

    def bound(locals: Mapping[str, Value]) -> Execution:
        return lambda env: execution(env._replace(locals=locals))

    def run(env: Env) -> tuple[Outcome, ...]:
        def finished(outcome: Outcome) -> Outcome:
            if isinstance(outcome, Failed):
                return outcome
            reads = env.reads if bulk else outcome.state
            return Env(outcome.state, reads, env.locals, outcome.choices, taken=outcome.taken)

        return tuple(map(finished, _thread(env, [bound(locals) for locals in matching(env)])))

    return run


# --- systems ---------------------------------------------------------------------------------------------


def initial_states(instance: Instance) -> Iterator[State | Failure]:
    """Every initial state once, and every model error met on the way to one."""
    unset = tuple(default(cell.type) for cell in instance.cells)
    seen: set[State] = set()
    meanings = [execute((statement,), instance) for statement in instance.system.init]
    for outcome in _thread(at(unset, {}), meanings):
        match outcome:
            case Env(state):
                if state not in seen:
                    seen.add(state)
                    yield state
            case Failed(failure):
                yield failure


class Dynamics(Struct, frozen=True):
    """The step relation of an instance, its transitions' meanings worked out once."""

    instance: Instance
    executions: Mapping[str, Execution]

    @classmethod
    def of(cls, instance: Instance) -> Dynamics:
        return cls(instance, {t.name: execute(t.body, instance) for t in instance.system.transitions})

    def steps(self, state: State, action: Action) -> list[Step | FailedStep]:
        """Every way to take an action from a state: none where it is not enabled."""
        return [step_of(action, outcome) for outcome in self.outcomes(state, action)]

    def outcomes(self, state: State, action: Action) -> tuple[Outcome, ...]:
        """The same as environments, which also know the branches that were taken."""
        return self.executions[action.transition.name](Env(state, state, action.bindings))

    def successors(self, state: State) -> list[Step | FailedStep]:
        """Every step from a state, in the order of the instance's actions."""
        return [step for action in self.instance.actions for step in self.steps(state, action)]


def step_of(action: Action, outcome: Outcome) -> Step | FailedStep:
    """What an execution of an action's body from a state came to."""
    match outcome:
        case Env():
            return Step(action, outcome.choices, outcome.state)
        case Failed(failure, choices):
            return FailedStep(action, choices, failure)
