"""The plan as a person reads it before a run: step by step, device by device."""

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from gatedrill.orchestrator.plan import BurstStep, Plan, Step


def print_plan(plan: Plan, console: Console) -> None:
    """Write the plan to `console`."""
    for line in _lines(plan):
        console.print(Text(line), soft_wrap=True)


def _lines(plan: Plan) -> Iterable[str]:
    readers = {device.name: device.reader for device in plan.devices}
    yield f"{plan.scenario.name}: {plan.scenario.title}"
    yield f"  seed {plan.seed}, {len(plan.devices)} devices, {len(plan.tickets)} tickets"
    for metric, conditions in plan.scenario.thresholds.items():
        yield f"  threshold {metric}: {', '.join(conditions)}"
    for step in plan.steps:
        yield f"  {step.id}: {_describe(step)}"
        tickets: dict[str, list[str]] = {}
        for scan in step.scans:
            tickets.setdefault(scan.device, []).append(scan.ticket)
        for device, theirs in tickets.items():
            more = f" and {len(theirs) - 1} more" if len(theirs) > 1 else ""
            yield f"    {device:<12} {readers[device]:<7} {theirs[0]}{more}"
    yield ""


def _describe(step: Step) -> str:
    if not isinstance(step, BurstStep):
        return f"closed loop for {step.duration_s:g} s, {step.pause_s:g} s pause after each scan"
    if step.probes is not None:
        return f"shows the ticket of {step.probes} again, {step.rest_s:g} s later or more"
    what = {"request": "requests let go", "present": "tickets shown"}[step.burst]
    return f"{what} at one instant, {'one ticket for all' if step.contended else 'own tickets'}"
