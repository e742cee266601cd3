"""Whether a system ever takes a step: where it does not, whatever is proved of its steps means nothing.

An engine that visits states knows it by the way. For those that do not it is asked here: a run that has a
step has its first one from an initial state.
"""

from __future__ import annotations

from itertools import islice

from mmcheck.core.certify import Certifier
from mmcheck.core.instance import Instance, State
from mmcheck.core.semantics import Meaning, ModelError, at, initial_states
from mmcheck.core.size import excesses
from mmcheck.core.trace import FailedStep, Failure
from mmcheck.engines.engine import Limits, Observe
from mmcheck.engines.limits import Watch

SAMPLE = 100
"""How many initial states are looked at before a solver is asked about all of them."""
SECONDS = 20.0


def never_steps(instance: Instance, limits: Limits, observe: Observe) -> bool:
    """Whether it is certain that no initial state has a step to a state that is assumed possible."""
    if any(excesses(instance)):
        # More initial states than anyone could go through.
        return _solved(instance, limits, observe)
    certifier, seen = Certifier(instance), 0
    for state in islice(initial_states(instance), SAMPLE):
        seen += 1
        if not isinstance(state, Failure) and _has_step(certifier, state):
            return False
    if seen < SAMPLE:
        return True
    return _solved(instance, limits, observe)


def _has_step(certifier: Certifier, state: State) -> bool:
    if not _is_assumed(certifier, state):
        return False
    return any(
        not isinstance(step, FailedStep) and _is_assumed(certifier, step.target)
        for step in certifier.dynamics.successors(state)
    )


def _is_assumed(certifier: Certifier, state: State) -> bool:
    return all(_holds(meaning, state) for _, meaning in certifier.assumptions)


def _holds(meaning: Meaning, state: State) -> bool:
    try:
        return bool(meaning(at(state, {})))
    except ModelError:
        return False


def _solved(instance: Instance, limits: Limits, observe: Observe) -> bool:
    # z3 is loaded where it is used.
    from mmcheck.engines.symbolic.grounded import Grounded
    from mmcheck.engines.symbolic.solver import Conduct, LimitError, Result, Solver
    from mmcheck.engines.symbolic.unroll import Unrolling

    conduct = Conduct("induction", Watch(limits), observe, SECONDS)
    try:
        frames = Unrolling(Grounded(instance, look=conduct.glance), Solver(conduct))
        frames.begin()
        frames.assume(0)
        frames.extend()
        return frames.solver.ask("whether there is a step") is Result.IMPOSSIBLE
    except LimitError:
        return False
