"""What induction says about the invariants of a check, with what is false in each counterexample."""

from __future__ import annotations

from msgspec.structs import replace

from mmcheck.core.check import Check
from mmcheck.core.induction import Cti, Examination, InductionOutcome
from mmcheck.core.instance import Instance
from mmcheck.core.verdict import Violated
from mmcheck.engines.engine import Observe
from mmcheck.engines.registry import examine, examine_every_size
from mmcheck.session.judging import false_part
from mmcheck.session.loading import Spec, instantiate
from mmcheck.session.options import Options, ignore


def examined(instance: Instance, options: Options, observe: Observe) -> tuple[InductionOutcome, ...]:
    """What induction says about each invariant, with the part that is false in each counterexample."""
    return tuple(_explained(instance, outcome) for outcome in examine(instance, options.limits, observe))


def _explained(instance: Instance, outcome: InductionOutcome) -> InductionOutcome:
    """What induction says about an invariant, with the part that is false in each counterexample."""

    def explained(cti: Cti | None) -> Cti | None:
        if cti is None:
            return None
        own = cti.instance or instance
        return replace(cti, blame=false_part(own, outcome.prop, Violated(cti.trace, cti.binding)))

    return replace(
        outcome,
        initiation=explained(outcome.initiation),
        consecutions=tuple(replace(c, cti=explained(c.cti)) for c in outcome.consecutions),
    )


def prove_check(
    spec: Spec, check: Check, options: Options = Options(), observe: Observe = ignore
) -> tuple[Check, Instance, Examination]:
    """Say of each invariant of a check whether it is inductive for every size, all of them being assumed.
    Raises SpecError where the check's settings make no sense."""
    check, instance = instantiate(spec, check)
    found = examine_every_size(instance, check.properties, options.limits, observe)
    explained = tuple(_explained(instance, outcome) for outcome in found.outcomes)
    return check, instance, replace(found, outcomes=explained)
