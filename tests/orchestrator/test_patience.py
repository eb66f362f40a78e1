"""How far ahead a step's instant lies, and how long its answers are waited for."""

import msgspec
import pytest
from plans import closed_loop, own_tickets, plan_for, race, scenario

from gatedrill.contract.messages import ANSWER_TIMEOUT_S
from gatedrill.contract.outcome import Authority
from gatedrill.fixtures.scenario import Burst, Fault, Phase
from gatedrill.orchestrator.patience import GATHER_MARGIN_S, RECOVERY_S, lead_s, patience_s
from gatedrill.orchestrator.plan import LEAD_S

USUAL_S = ANSWER_TIMEOUT_S + GATHER_MARGIN_S


def failing(*faults: Fault) -> Burst:
    return msgspec.structs.replace(own_tickets(), faults=faults)


def patience(phase: Phase, *others: Authority, budget_s: float = 1.5) -> float:
    made = msgspec.structs.replace(
        scenario(2, phase), authorities=(Authority.ONLINE, *others), budget_s=budget_s
    )
    plan = plan_for(made)
    return patience_s(plan, plan.steps[0])


def test_without_faults_answers_have_their_time_and_a_margin() -> None:
    assert patience(own_tickets()) == USUAL_S
    assert patience(closed_loop(30)) == 30 + USUAL_S
    assert patience(msgspec.structs.replace(race(), sweep_ms=500)) == 0.5 + USUAL_S


@pytest.mark.parametrize(
    ("faults", "longest_s"),
    [
        ((Fault("uplink-down", at_s=2, for_s=9), Fault("uplink-slow", at_s=3, delay_ms=1)), 11),
        ((Fault("uplink-down", at_s=-0.4),), 0),
    ],
)
def test_with_faults_until_the_last_is_over_and_all_have_recovered(
    faults: tuple[Fault, ...], longest_s: float
) -> None:
    assert patience(failing(*faults)) == longest_s + USUAL_S + RECOVERY_S


@pytest.mark.parametrize(("budget_s", "deciding_s"), [(1.5, ANSWER_TIMEOUT_S), (5, 15)])
def test_where_others_decide_after_the_service_each_has_its_budget(
    budget_s: float, deciding_s: float
) -> None:
    waited_s = patience(own_tickets(), Authority.OFFLINE, budget_s=budget_s)

    assert waited_s == deciding_s + GATHER_MARGIN_S


@pytest.mark.parametrize(("at_s", "more_s"), [((), 0), ((0.5,), 0), ((1, -0.3, -0.1), 0.3)])
def test_t_is_named_early_enough_for_the_first_fault(
    at_s: tuple[float, ...], more_s: float
) -> None:
    faults = tuple(Fault("uplink-down", gates=(1,), at_s=each) for each in at_s)
    plan = plan_for(scenario(2, failing(*faults)))

    assert lead_s(plan, plan.steps[0]) == LEAD_S + more_s
