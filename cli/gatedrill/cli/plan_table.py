"""The plan as a person reads it before a run: step by step, device by device."""

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.text import Text

from gatedrill.orchestrator.plan import (
    BeginAct,
    DrainAct,
    EndAct,
    PauseAct,
    Plan,
    PlannedAttempt,
    PlannedCheckout,
    PlannedFault,
    PlannedLink,
    PlannedScan,
    PlannedWebhook,
    SellAct,
    Step,
    StreamStep,
    VenueAct,
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
    if not plan.is_online_only:
        budget_s = plan.scenario.budget_s
        yield f"  may decide: {', '.join(plan.scenario.authorities)}, {budget_s:g} s each"
    for step in plan.steps:
        yield from _acts(step.before)
        yield from _step(step, readers)
    yield from _acts(plan.after)
    yield ""


def _step(step: Step, readers: Mapping[str, str]) -> Iterable[str]:
    yield f"  {step.id}: {_describe(step)}"
    for fault in step.faults:
        yield f"    T{fault.at_s:+g} s: {_fault(fault)}"
    attempts: dict[str, list[str]] = {}
    for planned in step.attempts:
        attempts.setdefault(planned.device, []).append(_act(planned))
    for device, theirs in sorted(attempts.items()):
        more = f" and {len(theirs) - 1} more" if len(theirs) > 1 else ""
        yield f"    {device:<14} {readers[device]:<7} {theirs[0]}{more}"


def _acts(acts: Iterable[VenueAct]) -> Iterable[str]:
    for act in acts:
        match act:
            case BeginAct():
                yield from (f"  then {_fault(fault)}" for fault in act.faults)
            case EndAct():
                yield f"  then end {', '.join(act.faults)}"
            case DrainAct():
                yield f"  then wait up to {act.within_s:g} s for all queues to be empty"
            case SellAct():
                yield f"  then sell {len(act.tickets)} tickets"
            case PauseAct():
                yield f"  then pause for {act.duration_s:g} s"


def _fault(fault: PlannedFault) -> str:
    figures = [
        *([f"{fault.delay_ms:g} ms"] if fault.delay_ms is not None else []),
        *([f"{fault.share:.0%} of connections"] if fault.share is not None else []),
        *([f"{fault.skew_s:+g} s"] if fault.skew_s is not None else []),
        f"for {fault.for_s:g} s" if fault.for_s is not None else "until it is ended",
    ]
    return f"{fault.fault} ({fault.id}) at {', '.join(fault.devices)}, {', '.join(figures)}"


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
