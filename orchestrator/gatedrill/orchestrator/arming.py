"""What a fleet is told to prepare for a step. Pure."""

from collections.abc import Sequence

from gatedrill.contract.messages import (
    PRESENT_WITHIN_S,
    Arm,
    ArmBurst,
    ArmStream,
    OfflinePolicy,
    Order,
    Presentation,
)
from gatedrill.orchestrator.plan import BurstStep, Plan, Step


def policy_of(plan: Plan, run: str) -> OfflinePolicy | None:
    """How devices decide when the service does not answer; None if then nobody does.

    No other scenario of this or any other run has the same edition.
    """
    if plan.is_online_only:
        return None
    edition = f"{run}/{plan.scenario.name}~{plan.repeat}"
    return OfflinePolicy(plan.scenario.authorities, plan.scenario.budget_s, edition)


def arm_for(
    step: Step,
    boot: str,
    offset_ns: int,
    orders: Sequence[Order],
    policy: OfflinePolicy | None,
    present_within_s: float = PRESENT_WITHIN_S,
) -> Arm:
    """The message to this boot of a fleet, whose clock is `offset_ns` ahead."""
    if isinstance(step, BurstStep):
        return ArmBurst(
            step.id, boot, step.burst, offset_ns, tuple(orders), policy, present_within_s
        )
    shown = tuple(order for order in orders if isinstance(order, Presentation))
    return ArmStream(step.id, boot, offset_ns, shown, step.pause_s, step.duration_s, policy)
