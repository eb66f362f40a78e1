"""Who took part, by which clocks, and what was asked for."""

from collections.abc import Iterator

import msgspec

from gatedrill.contract.attempt import AttemptRecord
from gatedrill.contract.messages import DeviceInfo
from gatedrill.contract.outcome import OutcomeKind
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.metrics import latency_stats
from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.reports.markup import Content, Html, element
from gatedrill.orchestrator.reports.table import table
from gatedrill.orchestrator.result import Result


def devices_section(result: Result, evidence: Evidence) -> Iterator[Html]:
    """Who was silent, who was not ready, and how each device fared."""
    yield element("h3", "Devices")
    if not (result.silent or result.unready):
        yield element("p", "No device fell silent, and all were ready for every step.")
    if result.silent:
        silent = (
            (each.step, each.fleet or "none", ", ".join(each.devices), each.why)
            for each in result.silent
        )
        yield table("Devices that fell silent", ("step", "fleet", "devices", "why"), silent)
    if result.unready:
        unready = ((each.step, each.device, each.why) for each in result.unready)
        yield table("Devices that were not ready", ("step", "device", "why"), unready)
    yield element("details", element("summary", "Device by device"), _every_device(evidence))


def _every_device(evidence: Evidence) -> Html:
    records: dict[str, list[AttemptRecord]] = {}
    for seen in evidence.attempts:
        if not seen.is_probe and seen.record.outcome.kind is not OutcomeKind.IGNORED:
            records.setdefault(seen.planned.device, []).append(seen.record)
    columns = ("device", "reader", "attempts", "granted", "unsettled", "p50, ms", "p95", "max")
    rows = (_device_row(device, records.get(device.name, [])) for device in evidence.plan.devices)
    return table("Attempts and latency of each device", columns, rows)


def _device_row(device: DeviceInfo, records: list[AttemptRecord]) -> tuple[Content, ...]:
    stats = latency_stats(each.latency_ms for each in records)
    latencies = (stats.p50, stats.p95, stats.max) if stats else (None, None, None)
    return (
        device.name,
        f"{device.reader}, by hand" if device.attended else device.reader,
        figures.count(len(records)),
        figures.count(sum(each.outcome.reason is None for each in records)),
        figures.count(sum(each.outcome.is_error for each in records)),
        *map(figures.latency_ms, latencies),
    )


def clocks_section(result: Result) -> Iterator[Html]:
    """How far each fleet's clock stands from ours, and how well that is known."""
    yield element("h3", "Clocks")
    if not result.clocks:
        yield element("p", "No clock was read.")
        return
    rows = (
        (
            each.fleet,
            figures.fine_ms(each.offset_ms),
            figures.fine_ms(each.bound_ms),
            figures.fine_ms(each.drift_ms),
        )
        for each in result.clocks
    )
    columns = ("fleet", "offset, ms", "known to \N{PLUS-MINUS SIGN} ms", "drifted by, ms")
    yield table("Clocks of the fleets against the conductor's", columns, rows)


def configuration_section(result: Result, evidence: Evidence) -> Iterator[Html]:
    """What was run, so that it can be run again."""
    yield element("h3", "Configuration")
    facts = (
        ("run", result.run),
        ("seed", str(result.seed)),
        ("repeat", str(result.repeat)),
        ("started", result.started_at),
        ("check-in service", result.target),
        ("planted fault", result.fault or "none that it told of"),
        ("broker", result.broker),
        ("devices", str(result.devices)),
        ("ended early", result.cut_short or "no"),
    )
    listed = (element("div", element("dt", name), element("dd", fact)) for name, fact in facts)
    yield element("dl", *listed, class_="facts")
    scenario = msgspec.json.format(msgspec.json.encode(evidence.plan.scenario), indent=2).decode()
    yield element(
        "details",
        element("summary", "The scenario as it was run"),
        element(
            "pre", scenario, role="region", aria_label="The scenario as it was run", tabindex="0"
        ),
    )
