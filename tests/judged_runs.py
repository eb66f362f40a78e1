"""Judged runs to be reported: made up, recorded, and one in which every text wants to be markup."""

import json
from pathlib import Path

import msgspec
from evidence_builder import OFFLINE_UNKNOWN, USED, Alone, Run, apart, plan_of

from gatedrill.contract.messages import KIOSK, DeviceInfo, QueueState
from gatedrill.contract.outcome import Authority
from gatedrill.fixtures.loader import load_scenario
from gatedrill.fixtures.scenario import Burst, Show, Stream, TicketGroup
from gatedrill.fixtures.supply import DrawnSupply
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.history import Event
from gatedrill.orchestrator.judge import judge
from gatedrill.orchestrator.plan import Plan
from gatedrill.orchestrator.planning import make_plans
from gatedrill.orchestrator.records import Records
from gatedrill.orchestrator.reports.judged_run import JudgedRun, lasted_s, read_judged_runs

RECORDED = Path(__file__).parent / "orchestrator" / "recorded"
HOSTILE = "<script>alert(1)</script>'\"&]]><!--\x00\x1b[31m\r\u202e\ufffe"


def judged(run: Run) -> JudgedRun:
    """A made-up run as a report gets it."""
    return JudgedRun(run.judge(), run.evidence, lasted_s(run.history))


def shipped(name: str, seed: int = 1) -> Run:
    """A made-up run of a scenario that is shipped."""
    scenario = load_scenario(name)
    gates = [DeviceInfo(f"gate-{nth:02}", "serial", 0.5) for nth in range(scenario.devices)]
    kiosks = [DeviceInfo(f"kiosk-{nth:02}", KIOSK, 0.0) for nth in range(scenario.kiosks)]
    [plan] = make_plans([scenario], [*gates, *kiosks], seed, DrawnSupply(seed, "event"))
    return Run(plan)


def cut_off() -> Run:
    """A made-up run with one of everything that devices decide by themselves, and faults.

    Three gates let the same guest in, of one of whom the service has heard; one guest is locked out
    at the registrar's word, one by a gate's old copy, and one admission is left on its device.
    """
    groups = (TicketGroup("shared"), TicketGroup("own"))
    shows = (Show("shared", same=True, devices=3), Show("own", devices=3))
    plan = apart(
        plan_of(
            Burst(shows=shows), Stream("own", duration_s=3, pause_s=1), devices=6, tickets=groups
        )
    )
    alone = {f"drill-1.1:gate-{number:02}": Alone() for number in range(1, 7)}
    alone |= {
        "drill-1.1:gate-02": Alone(received=True),
        "drill-1.1:gate-04": Alone(USED, Authority.VENUE, received=True),
        "drill-1.1:gate-05": Alone(state=QueueState.PENDING),
        "drill-1.1:gate-06": Alone(OFFLINE_UNKNOWN),
    }
    alone |= {each.attempt: Alone(authority=Authority.VENUE) for each in plan.steps[1].attempts[:3]}
    run = Run(plan, alone)
    run.drained = []
    run.fail("uplink-answers-lost", from_ns=9_500_000_000, to_ns=22_000_000_000)
    run.fail("broker-stopped", from_ns=11_600_000_000, to_ns=14_000_000_000)
    run.fail("device-paused", "gate-03", from_ns=10_700_000_000, to_ns=10_900_000_000)
    return run


def recorded(*names: str) -> list[JudgedRun]:
    """Runs that really took place."""
    return [run for name in names for run in read_judged_runs(RECORDED / name)]


def hostile(run: Run, *words: str) -> JudgedRun:
    """This run with markup in place of these words, wherever they stand."""

    def spoilt(part: object) -> bytes:
        text = msgspec.json.encode(part).decode()
        for word in words:
            text = text.replace(word, json.dumps(word + HOSTILE)[1:-1])
        return text.encode()

    plan = msgspec.json.decode(spoilt(run.plan), type=Plan)
    history = msgspec.json.decode(spoilt(run.history), type=list[Event])
    records = msgspec.json.decode(spoilt(run.records), type=Records)
    result, evidence = judge(plan, history, records), Evidence(plan, history, records)
    return JudgedRun(result, evidence, lasted_s(history))
