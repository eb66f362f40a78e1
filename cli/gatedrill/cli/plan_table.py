"""The plan as a person reads it before a run: step by step, device by device."""

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from gatedrill.orchestrator.plan import (
    Plan,
    PlannedAttempt,
    PlannedCheckout,
    PlannedLink,
    PlannedScan,
    PlannedWebhook,
    Step,
    StreamStep,
)


def print_plan(plan: Plan, console: Console) -> None:
    """Write the plan to `console`."""
    for line in _lines(plan):
        console.print(Text(line), soft_wrap=True)


def _lines(plan: Plan) -> Iterable[str]:
    readers = {device.name: device.reader for device in plan.devices}
    again = f", run {plan.repeat}" if plan.repeat > 1 else ""
    yield f"{plan.scenario.name}: {plan.scenario.title}{again}"
    yield f"  seed {plan.seed}, {len(plan.devices)} devices, {len(plan.tickets)} tickets"
    for reservation in plan.reservations:
        yield f"  reservation {reservation.id}: {reservation.total_guests} guests"
    for slot in plan.slots:
        free = slot.capacity if slot.available is None else slot.available
        yield f"  slot {slot.id}: {free} of {slot.capacity} places free"
    for metric, conditions in plan.scenario.thresholds.items():
        yield f"  threshold {metric}: {', '.join(conditions)}"
    for step in plan.steps:
        yield f"  {step.id}: {_describe(step)}"
        acts: dict[str, list[str]] = {}
        for planned in step.attempts:
            acts.setdefault(planned.device, []).append(_act(planned))
        for device, theirs in sorted(acts.items()):
            more = f" and {len(theirs) - 1} more" if len(theirs) > 1 else ""
            yield f"    {device:<14} {readers[device]:<7} {theirs[0]}{more}"
    yield ""


def _act(planned: PlannedAttempt) -> str:
    match planned:
        case PlannedScan():
            return planned.ticket
        case PlannedCheckout():
            return f"books {planned.guests} in slot {planned.slot}"
        case PlannedWebhook():
            paid = planned.pays or "a session of old"
            return f"tells of payment {planned.event} for {paid}"
        case PlannedLink():
            return f"links ticket {planned.ticket} to reservation {planned.reservation}"


def _describe(step: Step) -> str:
    if isinstance(step, StreamStep):
        if step.attempts and step.attempts[0].due_s is not None:
            return f"{len(step.attempts)} guests arrive within {step.duration_s:g} s"
        return f"closed loop for {step.duration_s:g} s, {step.pause_s:g} s pause after each scan"
    if step.probes is not None:
        return f"shows the ticket of {step.probes} again, {step.rest_s:g} s later or more"
    what = {"request": "requests let go", "present": "tickets shown"}[step.burst]
    when = "at one instant"
    if step.sweep_ms is not None:
        when = f"each at an instant of its own within {step.sweep_ms:g} ms"
    contending = f", {len(step.contending)} of them competing" if step.contending else ""
    expected = ", ".join(f"{number} {name}" for name, number in step.expect.items())
    return f"{what} {when}{contending}" + (f"; expected: {expected}" if expected else "")
