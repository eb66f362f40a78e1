"""What a user asks a run to be, checked as far as it can be without starting anything."""

import random
from collections.abc import Collection, Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from gatedrill.cli.durations import parse_duration_s
from gatedrill.cli.environment import KEY, STORE, Environment
from gatedrill.cli.planted import find_planted
from gatedrill.cli.requirements import parse_requirements, parse_wait_s
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import PRESENT_WITHIN_S
from gatedrill.fixtures.contradictions import contradictions
from gatedrill.fixtures.loader import load_scenario, load_tickets
from gatedrill.fixtures.scenario import Duration, Payment, Requires, Scenario
from gatedrill.fixtures.tickets import RaceTicket, TicketFile
from gatedrill.orchestrator.target import check_target
from gatedrill.orchestrator.thresholds import threshold_problems

DEFAULT_DECODER = "zxing"
LONGEST_PRESENTING_S = 600.0


class Sizes(msgspec.Struct, frozen=True):
    """How large the scenarios are to be; None leaves a size as the scenario has it."""

    devices: int | None = None
    rounds: int | None = None
    duration: str | None = None
    repeat: int = 1


class Request(msgspec.Struct, frozen=True):
    """A run that makes sense by itself. `broker` and `target` None mean: start your own.

    A scenario that is to be repeated is there as often. `requires` and `wait_s` are what was said
    of the roster besides what the scenarios say of it.
    """

    scenarios: tuple[Scenario, ...]
    seed: int
    broker: str | None
    target: str | None
    key: str | None
    event_id: str
    allowed_hosts: frozenset[str]
    tickets: TicketFile | None
    decoder: str
    vip_argument: str
    store: str | None
    fault: str | None
    out: Path
    present_within_s: float = PRESENT_WITHIN_S
    requires: Requires = Requires()
    wait_s: float | None = None

    def __repr__(self) -> str:
        return f"Request({[scenario.name for scenario in self.scenarios]})"

    @property
    def gates(self) -> int:
        """How many gates the largest scenario needs."""
        return max(scenario.devices for scenario in self.scenarios)

    @property
    def kiosks(self) -> int:
        """How many kiosks the largest scenario needs."""
        return max(scenario.kiosks for scenario in self.scenarios)


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
    decoder: str | None,
    vip_argument: str,
    store: str | None,
    fault: str | None,
    out: Path,
    present_within: str | None = None,
    wait: str | None = None,
    require: Sequence[str] = (),
) -> Request:
    """Check the options, filled up from the environment; UsageError for the first that is wrong."""
    allowed = frozenset(allowed_hosts)
    wanted_target = target or environment.target
    if fault is not None:
        find_planted(fault)
    request = Request(
        scenarios=_scenarios(scenarios, sizes),
        seed=random.SystemRandom().getrandbits(32) if seed is None else seed,
        broker=environment.at_broker(broker),
        target=check_target(wanted_target, allowed) if wanted_target else None,
        key=environment.key,
        event_id=environment.event_id,
        allowed_hosts=allowed,
        tickets=_tickets(tickets, environment.race_ticket if wanted_target else None),
        decoder=decoder or DEFAULT_DECODER,
        vip_argument=vip_argument,
        store=checked_store(store) or environment.store,
        fault=fault,
        out=out,
        present_within_s=_present_within_s(present_within),
        requires=parse_requirements(require),
        wait_s=parse_wait_s(wait),
    )
    given = {
        "--fault": fault,
        "--store": store,
        "--decoder": decoder,
        "--tickets": tickets,
        "--wait": wait,
        "--require": require or None,
    }
    _check_together(request, [option for option, value in given.items() if value is not None])
    return request


def checked_store(url: str | None) -> str | None:
    """The URL that was given as an option, where everybody on the machine can read it."""
    if url is not None and _carries_password(url):
        raise UsageError(
            f"--store carries a password, which the process list would show: set {STORE} instead, "
            "or PGPASSWORD"
        )
    return url


def _carries_password(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise UsageError(
            "--store cannot be read: it must look like postgresql://user@host:port/database"
        ) from None
    return parts.password is not None or "password" in parse_qs(parts.query)


def _check_together(request: Request, given: Collection[str]) -> None:
    """Refuse options that do not go together; `given` are those that may not."""
    elsewhere = request.broker or request.target
    if elsewhere and not request.key:
        raise UsageError(f"the key of the check-in service is missing: set {KEY}")
    for option in ("--fault", "--store"):
        if elsewhere and option in given:
            raise UsageError(
                f"{option} is for the backend that a run starts itself: "
                "it goes neither with a broker nor with a target"
            )
    if request.broker and "--decoder" in given:
        raise UsageError(
            "--decoder is for the fleet that a run starts itself: "
            "give it to gatedrill fleet at a venue that is there already"
        )
    if "--tickets" in given and not elsewhere:
        raise UsageError(
            "--tickets names tickets that exist at a service: say which one with --target"
        )
    if "--tickets" in given and any(each.payment != Payment() for each in request.scenarios):
        raise UsageError(
            "a scenario that makes payments fail or wait needs the reference backend: "
            "no other payment provider does as it is told"
        )
    if not request.broker:
        _check_own_venue(request, given)


def _check_own_venue(request: Request, given: Collection[str]) -> None:
    """Refuse what a venue that the run starts itself cannot have or need."""
    for option in ("--wait", "--require"):
        if option in given:
            raise UsageError(
                f"{option} is for a venue that is there already: say where that is with --broker"
            )
    if any(scenario.roster for scenario in request.scenarios):
        raise UsageError(
            "a scenario with a roster names devices of a venue: say where that is with --broker"
        )
    if any(each.requires.devices or each.requires.gates for each in request.scenarios):
        raise UsageError(
            "a scenario that requires devices means those of a venue: "
            "say where that is with --broker"
        )


def _scenarios(names: Sequence[str], sizes: Sizes) -> tuple[Scenario, ...]:
    duration_s = None if sizes.duration is None else _stream_length_s(sizes.duration)
    loaded = [load_scenario(name, find_contradictions) for name in names]
    if len({each.name for each in loaded}) < len(loaded):
        raise UsageError("a scenario is named twice: use --repeat to run each several times")
    adjusted = [
        each.adjusted(devices=sizes.devices, rounds=sizes.rounds, duration_s=duration_s)
        for each in loaded
    ]
    problems = [f"{each.name}: {what}" for each in adjusted for what in find_contradictions(each)]
    if problems:
        raise UsageError("\n".join(problems))
    return tuple(each for each in adjusted for _ in range(sizes.repeat))


def find_contradictions(scenario: Scenario) -> list[str]:
    """Everything about a scenario that makes no sense, its thresholds included."""
    return [*contradictions(scenario), *threshold_problems(scenario.thresholds)]


def _present_within_s(written: str | None) -> float:
    if written is None:
        return PRESENT_WITHIN_S
    seconds = parse_duration_s(written)
    if not 1 <= seconds <= LONGEST_PRESENTING_S:
        longest = f"{LONGEST_PRESENTING_S:g}s"
        raise UsageError(f"--present-within {written}: 1s to {longest} are possible")
    return seconds


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
