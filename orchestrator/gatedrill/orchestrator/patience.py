"""How far ahead a step's instant lies, and how long its answers are waited for. Pure."""

from gatedrill.contract.messages import ANSWER_TIMEOUT_S, PRESENT_WITHIN_S
from gatedrill.orchestrator.plan import LEAD_S, BurstStep, Plan, Step

GATHER_MARGIN_S = 5.0
FIND_TICKET_S = 3.0
"""How long a person at a gate needs to take the ticket that the gate's screen names."""
RECOVERY_S = 15.0
"""What a fleet may need to be heard again after a fault: a process or a broker comes back, then
each client when its pause between two attempts is over."""
_DECIDING = 3
"""As often as that a budget is spent at most: service, registrar, and what stands around them."""


def lead_s(plan: Plan, step: Step) -> float:
    """How far ahead T is named: word of it must be out before the first fault begins.

    A person is given a moment to find the ticket.
    """
    earliest_s = min((fault.at_s for fault in step.faults), default=0.0)
    by_hand_s = FIND_TICKET_S if _is_attended(plan, step) else 0.0
    return LEAD_S + max(0.0, -earliest_s) + by_hand_s


def patience_s(plan: Plan, step: Step, present_within_s: float = PRESENT_WITHIN_S) -> float:
    """How long after T fleets may take to have told of everything.

    `present_within_s` is the time that a person has, where one takes part.
    """
    length_s = (step.sweep_ms or 0) / 1e3 if isinstance(step, BurstStep) else step.duration_s
    if _is_attended(plan, step):
        length_s = max(length_s, present_within_s)
    decision_s = ANSWER_TIMEOUT_S
    if not plan.is_online_only:
        decision_s = max(decision_s, _DECIDING * plan.scenario.budget_s)
    recovery_s = RECOVERY_S if step.faults else 0.0
    longest_s = max([length_s, *(fault.at_s + (fault.for_s or 0) for fault in step.faults)])
    return longest_s + decision_s + recovery_s + GATHER_MARGIN_S


def _is_attended(plan: Plan, step: Step) -> bool:
    return any(planned.device in plan.attended for planned in step.attempts)
