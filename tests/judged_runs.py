"""Judged runs to be reported: made up, recorded, and one in which every text wants to be markup."""

import json
from pathlib import Path

import msgspec
from evidence_builder import Run

from gatedrill.contract.messages import KIOSK, DeviceInfo
from gatedrill.fixtures.loader import load_scenario
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
