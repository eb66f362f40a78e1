"""People are told tickets by what is printed under them."""

import pytest
from plans import closed_loop, own_tickets, plan_for, plan_of, race, roster
from practice_set import SEED, make_set

from gatedrill.fixtures.loader import load_scenario
from gatedrill.orchestrator.captions import captions
from gatedrill.orchestrator.plan import PlannedScan


@pytest.mark.parametrize("name", ["drill-duplicate", "drill-vip", "drill-outage", "mixed-rush"])
def test_the_caption_of_each_scan_is_that_of_a_print_of_its_ticket_for_its_step(name: str) -> None:
    _, key = make_set(name)
    scenario = load_scenario(name)
    plan = plan_for(scenario, roster(scenario.devices), seed=SEED)
    printed = {
        (step, entry.code, f"No. {key.written(entry.number)} {entry.label}")
        for entry in key.tickets
        for step in entry.steps
    }
    named = captions(plan)
    told = {
        (step.id, scan.symbol, named[scan.attempt])
        for step in plan.steps
        for scan in step.attempts
        if isinstance(scan, PlannedScan)
    }

    assert told == printed


def test_each_gate_of_a_race_has_a_copy_of_its_own() -> None:
    plan = plan_of(roster(3), race(rounds=2))
    named = captions(plan)

    assert len(named) == len(set(named.values())) == 6


def test_who_was_to_print_only_a_part_of_a_stream_is_told_nothing_wrong() -> None:
    assert captions(plan_of(roster(2), own_tickets(), closed_loop(2, 1))) == {}
