"""What a user asks a run to be, checked as far as it can be without starting anything."""

import random
from collections.abc import Sequence
from pathlib import Path

import msgspec

from gatedrill.cli.durations import parse_duration_s
from gatedrill.cli.environment import KEY, Environment
from gatedrill.contract.errors import UsageError
from gatedrill.fixtures.loader import load_scenario, load_tickets
from gatedrill.fixtures.scenario import Duration, Scenario
from gatedrill.fixtures.tickets import RaceTicket, TicketFile
from gatedrill.orchestrator.target import check_target
from gatedrill.orchestrator.thresholds import parse_thresholds


class Sizes(msgspec.Struct, frozen=True):
    """How large the scenarios are to be; None leaves a size as the scenario has it."""

    devices: int | None = None
    rounds: int | None = None
    duration: str | None = None


class Request(msgspec.Struct, frozen=True):
    """A run that makes sense by itself. `broker` and `target` None mean: start your own."""

    scenarios: tuple[Scenario, ...]
    seed: int
    broker: str | None
    target: str | None
    key: str | None
    event_id: str
    allowed_hosts: frozenset[str]
    tickets: TicketFile | None
    decoder: str
    fault: str | None
    out: Path

    def __repr__(self) -> str:
        return f"Request({[scenario.name for scenario in self.scenarios]})"

    @property
    def device_count(self) -> int:
        """How many devices the largest scenario needs."""
        return max(scenario.devices for scenario in self.scenarios)


def make_request(
    environment: Environment,
    *,
    scenarios: Sequence[str],
    sizes: Sizes,
    seed: int | None,
    broker: str | None,
    target: str | None,
    allowed_hosts: Sequence[str],
    tickets: Path | None,
    decoder: str,
    fault: str | None,
    out: Path,
) -> Request:
    """Check the options, filled up from the environment; UsageError for the first that is wrong."""
    allowed = frozenset(allowed_hosts)
    wanted_target = target or environment.target
    request = Request(
        scenarios=_scenarios(scenarios, sizes),
        seed=random.SystemRandom().getrandbits(32) if seed is None else seed,
        broker=broker or environment.broker,
        target=check_target(wanted_target, allowed) if wanted_target else None,
        key=environment.key,
        event_id=environment.event_id,
        allowed_hosts=allowed,
        tickets=_tickets(tickets, environment.race_ticket if wanted_target else None),
        decoder=decoder,
        fault=fault,
        out=out,
    )
    if (request.broker or request.target) and not request.key:
        raise UsageError(f"the key of the check-in service is missing: set {KEY}")
    if request.fault and (request.broker or request.target):
        raise UsageError(
            "--fault is for the backend that a run starts itself: "
            "it goes neither with a broker nor with a target"
        )
    if tickets and not (request.broker or request.target):
        raise UsageError(
            "--tickets names tickets that exist at a service: say which one with --target"
        )
    return request


def _scenarios(names: Sequence[str], sizes: Sizes) -> tuple[Scenario, ...]:
    duration_s = None if sizes.duration is None else _stream_length_s(sizes.duration)
    loaded = [load_scenario(name) for name in names]
    for each in loaded:
        parse_thresholds(each.thresholds, each.name)
    if len({each.name for each in loaded}) < len(loaded):
        raise UsageError("a scenario is named twice: each runs once")
    return tuple(
        each.adjusted(devices=sizes.devices, rounds=sizes.rounds, duration_s=duration_s)
        for each in loaded
    )


def _stream_length_s(written: str) -> float:
    try:
        return msgspec.convert(parse_duration_s(written), Duration)
    except msgspec.ValidationError as error:
        raise UsageError(f"--duration {written}, in seconds: {str(error).lower()}") from None


def _tickets(file: Path | None, race_ticket_id: str | None) -> TicketFile | None:
    """The tickets of the file, or none; the environment's race ticket where the file has none."""
    race_ticket = RaceTicket(race_ticket_id) if race_ticket_id else None
    if file is None:
        return TicketFile((), race_ticket) if race_ticket else None
    loaded = load_tickets(file)
    if loaded.race_ticket is not None:
        return loaded
    return msgspec.structs.replace(loaded, race_ticket=race_ticket)
