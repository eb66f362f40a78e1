"""A rehearsal from the roster to the verdicts, against the reference backend itself."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import httpx
import msgspec
import pytest
from memory_bus import ManualClock, MemoryBus, sleep_by
from plans import EVENT, closed_loop, race, scenario
from reference_backend import KEY, client_of, reference_backend
from scripted_fleet import ADMITTED, USED, Decide, ScriptedFleet
from scripted_venue import ScriptedHands
from table_service import table_service

from gatedrill.contract import topics
from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.contract.messages import Presentation
from gatedrill.contract.outcome import Authority, Outcome, OutcomeKind, Reason
from gatedrill.contract.service import (
    POPULATION_PATH,
    RPC_PATH,
    SCAN_FUNCTION,
    Population,
    ScanArguments,
    ScanRow,
    TicketRow,
)
from gatedrill.fixtures.loader import load_scenario
from gatedrill.fixtures.scenario import (
    BeginFaults,
    Book,
    Burst,
    Fault,
    Pay,
    Phase,
    Requires,
    Scenario,
    Sell,
    Show,
    Slot,
    TicketGroup,
)
from gatedrill.fixtures.tickets import ListedTicket, TicketFile
from gatedrill.orchestrator.checks.check import CheckStatus
from gatedrill.orchestrator.hands import Hands
from gatedrill.orchestrator.history import Ended, FaultBegan, FaultEnded, Sold, read_history
from gatedrill.orchestrator.plan import Plan, PlannedFault, Step
from gatedrill.orchestrator.records import Snapshot
from gatedrill.orchestrator.rehearsal import Rehearsal, rehearse
from gatedrill.orchestrator.result import Result, Verdict
from gatedrill.orchestrator.run_folder import RunFolder, find_runs
from gatedrill.orchestrator.service_client import ServiceClient

if TYPE_CHECKING:
    from gatedrill.broker.bus import Bus

RUN = "20261120-120000-abcd"
NOBODY_ELSE = Requires()
DEVICES = ("gate-01", "gate-02", "gate-03")
RACE = scenario(3, race(rounds=2, probe=True), name="race")
STREAM = scenario(2, closed_loop(2, 1), name="stream")


class Notes:
    """An onlooker that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.shown: list[tuple[Result, Path]] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    def update(self, step: Step, attempts: int) -> None:
        """Progress is the conductor's matter."""

    def show(self, result: Result, folder: Path) -> None:
        self.shown.append((result, folder))


class Venue:
    """A bus, an onlooker, and a folder for runs; the service is at `target`."""

    def __init__(self, target: str, out: Path) -> None:
        self.target = target
        self.out = out
        self.bus = MemoryBus()
        self.notes = Notes()

    async def host(
        self, decide: Decide, target: str | None = None, kiosks: Sequence[str] = ()
    ) -> ScriptedFleet:
        """Let a fleet with all devices come, which asks the service by `decide`."""
        asked = self.target if target is None else target
        fleet = ScriptedFleet(self.bus, "east", DEVICES, decide, target=asked, kiosks=kiosks)
        await fleet.enter()
        return fleet

    def order(
        self,
        *scenarios: Scenario,
        target: str | None = None,
        tickets: TicketFile | None = None,
        run: str = RUN,
        requires: Requires = NOBODY_ELSE,
    ) -> Rehearsal:
        """What to run."""
        return Rehearsal(
            run=run,
            scenarios=scenarios or (RACE,),
            seed=1,
            devices=(),
            target=target,
            key=KEY,
            allowed_hosts=frozenset(),
            tickets=tickets,
            event_id=EVENT,
            out=self.out,
            requires=requires,
            wait_s=0.01,
        )

    async def rehearse(self, order: Rehearsal, hands: Hands | None = None) -> list[Result]:
        """Run it to its verdicts."""
        return await rehearse(order, cast("Bus", self.bus), ManualClock(), self.notes, hands)

    def folder(self, name: str) -> Path:
        """Where the scenario of this name kept its run."""
        return self.out / RUN / name


@pytest.fixture(autouse=True)
def _rests_take_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    sleep_by(ManualClock(), monkeypatch)


@pytest.fixture
async def backend() -> AsyncIterator[str]:
    """The URL of a reference backend."""
    async with reference_backend() as url:
        yield url


@pytest.fixture
async def client(backend: str) -> AsyncIterator[httpx.AsyncClient]:
    """What the devices ask the backend with."""
    async with client_of(backend) as client:
        yield client


@pytest.fixture
def honest(client: httpx.AsyncClient) -> Decide:
    """Asks the backend and shows what it says."""

    async def decide(shown: Presentation) -> Outcome:
        body = msgspec.json.encode(
            ScanArguments(shown.symbol, p_scanned_by=EVENT, p_device_id=shown.device)
        )
        answer = await client.post(RPC_PATH.format(function=SCAN_FUNCTION), content=body)
        [row] = msgspec.json.decode(answer.content, type=list[ScanRow])
        return ADMITTED if row.success else USED

    return decide


@pytest.fixture
def venue(backend: str, tmp_path: Path) -> Venue:
    return Venue(backend, tmp_path / "drills")


async def test_a_rehearsal_at_an_honest_service_passes_and_tells_so(
    venue: Venue, honest: Decide
) -> None:
    await venue.host(honest)
    [result] = await venue.rehearse(venue.order())

    assert (result.verdict, result.inconclusive_because) == (Verdict.PASSED, ())
    by_status = {
        status: {check.name for check in result.checks if check.status is status}
        for status in CheckStatus
    }
    assert by_status[CheckStatus.HOLDS] >= {
        "admitted once",
        "valid guests admitted",
        "used ticket refused",
        "records agree",
    }
    assert by_status[CheckStatus.VIOLATED] == set()
    assert result.counters.scans == 6
    assert (result.run, result.seed, result.target) == (RUN, 1, venue.target)
    assert result.broker == venue.bus.address
    roster, kept = venue.notes.lines
    assert roster == f"roster: 3 devices, service at {venue.target}"
    assert kept.startswith("race: kept in ")
    assert kept.endswith("/1-race")
    assert venue.notes.shown == [(result, venue.folder("1-race"))]


async def test_every_scenario_keeps_a_folder_that_is_judged_again_to_the_same_result(
    venue: Venue, honest: Decide
) -> None:
    await venue.host(honest)
    results = await venue.rehearse(venue.order(STREAM, RACE))

    assert [result.scenario for result in results] == ["stream", "race"]
    assert [result.devices for result in results] == [2, 3]
    runs = find_runs(venue.out / RUN)
    assert [run.path.name for run in runs] == ["1-stream", "2-race"]
    for run, result in zip(runs, results, strict=True):
        assert sorted(path.name for path in run.path.iterdir()) == [
            "history.jsonl",
            "plan.json",
            "records.json",
            "result.json",
        ]
        assert run.read().judge() == result
        kept = msgspec.json.decode((run.path / "result.json").read_bytes(), type=Result)
        assert kept == result


async def test_the_key_is_in_no_file_and_in_no_word(venue: Venue, honest: Decide) -> None:
    await venue.host(honest)
    order = venue.order()
    await venue.rehearse(order)

    for path in venue.folder("1-race").iterdir():
        assert KEY not in path.read_text(encoding="utf-8")
    assert KEY not in repr(order)
    assert KEY not in "".join(venue.notes.lines)


async def test_devices_that_show_what_the_service_did_not_say_are_found_out(
    venue: Venue, honest: Decide
) -> None:
    async def generous(shown: Presentation) -> Outcome:
        await honest(shown)
        return ADMITTED

    await venue.host(generous)
    [result] = await venue.rehearse(venue.order())

    assert result.verdict is Verdict.VIOLATED


async def test_devices_that_ask_twice_for_one_scan_are_found_out_by_the_log(
    venue: Venue, honest: Decide
) -> None:
    async def insistent(shown: Presentation) -> Outcome:
        outcome = await honest(shown)
        await honest(shown)
        return outcome

    await venue.host(insistent)
    [result] = await venue.rehearse(venue.order(STREAM))

    [agree] = [check for check in result.checks if check.name == "records agree"]
    assert agree.status is CheckStatus.VIOLATED
    assert (agree.examined, agree.violations) == (4, 4)
    assert all("0 answers, but 1 log row" in violation.what for violation in agree.shown)


async def test_what_earlier_runs_left_in_the_log_is_not_held_against_this_one(
    venue: Venue, honest: Decide, client: httpx.AsyncClient
) -> None:
    ids = [f"00000000-0000-4000-8000-{number:012}" for number in range(2)]
    population = Population(tuple(TicketRow(each, EVENT, "general") for each in ids))
    answer = await client.put(POPULATION_PATH, content=msgspec.json.encode(population))
    answer.raise_for_status()
    tickets = TicketFile(tuple(ListedTicket(each, EVENT) for each in ids))
    await venue.host(honest)

    [first] = await venue.rehearse(venue.order(tickets=tickets))
    [second] = await venue.rehearse(venue.order(tickets=tickets, run="later"))

    assert first.verdict is Verdict.PASSED
    assert second.verdict is Verdict.INCONCLUSIVE
    assert second.inconclusive_because == (
        "only 0 of 2 rounds were races: its ticket was not valid before",
    )


async def test_a_service_that_cannot_be_given_tickets_needs_a_file_of_its_own(
    tmp_path: Path,
) -> None:
    with table_service() as service:
        service.answer("/rest/v1/tickets", [])
        venue = Venue(service.url, tmp_path / "drills")
        await venue.host(_unasked)
        with pytest.raises(UsageError, match=r"is not the reference backend.* --tickets FILE$"):
            await venue.rehearse(venue.order())

        assert {asked.method for asked in service.asked} == {"GET"}
    assert not venue.out.exists()


async def test_at_another_service_the_tickets_of_the_file_are_used_and_nothing_is_reset(
    tmp_path: Path,
) -> None:
    async def decide(shown: Presentation) -> Outcome:
        return ADMITTED

    with table_service() as service:
        service.answer("/rest/v1/tickets", {"message": "no"}, 403)
        venue = Venue(service.url, tmp_path)
        await venue.host(decide)
        with pytest.raises(PeerError, match="refused the credentials"):
            await venue.rehearse(venue.order(tickets=_file(8)))

        service.answer("/rest/v1/tickets", [])
        [result] = await venue.rehearse(venue.order(STREAM, tickets=_file(4)))
        assert {asked.method for asked in service.asked} == {"GET"}

    assert (result.verdict, result.counters.successful_scans) == (Verdict.PASSED, 4)
    plan = msgspec.json.decode((venue.folder("1-stream") / "plan.json").read_bytes(), type=Plan)
    assert [ticket.id for ticket in plan.tickets] == ["t1", "t2", "t3", "t4"]


async def test_a_service_elsewhere_is_refused_before_it_is_asked_anything(tmp_path: Path) -> None:
    venue = Venue("http://tickets.example.org", tmp_path)
    await venue.host(_unasked)

    cure = r"add --allow-target tickets\.example\.org, or tickets\.example\.org to \w+$"
    with pytest.raises(UsageError, match=cure):
        await venue.rehearse(venue.order())


async def test_fleets_that_ask_different_services_are_named(venue: Venue) -> None:
    await venue.host(_unasked)
    west = ScriptedFleet(venue.bus, "west", ("gate-04",), _unasked, target="http://127.0.0.1:9")
    await west.enter()

    with pytest.raises(UsageError) as raised:
        await venue.rehearse(venue.order())

    assert str(raised.value) == (
        f"not everybody means the same service: east asks {venue.target}; "
        "west asks http://127.0.0.1:9"
    )


async def test_a_target_that_no_fleet_asks_is_refused(venue: Venue) -> None:
    await venue.host(_unasked)

    with pytest.raises(UsageError) as raised:
        await venue.rehearse(venue.order(target="http://127.0.0.1:9/"))

    assert str(raised.value) == (
        "not everybody means the same service: wanted http://127.0.0.1:9/; "
        f"east asks {venue.target}"
    )


async def test_a_slash_at_the_end_makes_no_other_service(venue: Venue, honest: Decide) -> None:
    await venue.host(honest, target=f"{venue.target}/")
    [result] = await venue.rehearse(venue.order(STREAM, target=venue.target))

    assert result.target == venue.target


async def test_devices_that_do_not_come_end_the_rehearsal_before_it_begins(
    venue: Venue,
) -> None:
    await venue.host(_unasked)
    five = msgspec.structs.replace(RACE, devices=5)

    with pytest.raises(
        PeerError, match=r"^waited 0.01 s for the roster: 5 devices are needed, 3 came"
    ):
        await venue.rehearse(venue.order(RACE, five))

    assert not venue.out.exists()


async def test_a_run_that_is_interrupted_is_judged_kept_and_ends_the_rehearsal(
    venue: Venue, honest: Decide
) -> None:
    reached = asyncio.Event()

    async def hang(shown: Presentation) -> Outcome:
        if "race-1.2" in shown.attempt:
            reached.set()
            await asyncio.Event().wait()
        return await honest(shown)

    await venue.host(hang)
    task = asyncio.create_task(venue.rehearse(venue.order(RACE, STREAM)))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    [(result, folder)] = venue.notes.shown
    assert (result.verdict, result.cut_short) == (Verdict.INCONCLUSIVE, "interrupted")
    assert RunFolder(folder).read().judge() == result
    assert [run.path for run in find_runs(venue.out / RUN)] == [folder]


async def test_a_broker_that_is_lost_on_the_way_cuts_the_run_short_and_it_is_judged(
    venue: Venue, honest: Decide, monkeypatch: pytest.MonkeyPatch
) -> None:
    await venue.host(honest)
    publish = venue.bus.publish

    async def break_down(channel: object, message: object, **levels: str) -> None:
        if channel is topics.ARM and venue.bus.said.count(topics.FIRE.topic(run=RUN)) == 2:
            raise PeerError("no connection to the broker")
        await publish(channel, message, **levels)  # type: ignore[arg-type]

    monkeypatch.setattr(venue.bus, "publish", break_down)
    [result] = await venue.rehearse(venue.order())

    assert result.cut_short == "no connection to the broker"
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.counters.successful_scans == 1


async def test_a_broker_that_is_lost_before_anything_was_fired_is_the_users_to_mend(
    venue: Venue, honest: Decide, monkeypatch: pytest.MonkeyPatch
) -> None:
    await venue.host(honest)
    publish = venue.bus.publish

    async def break_down(channel: object, message: object, **levels: str) -> None:
        if channel is not topics.PING:
            raise PeerError("no connection to the broker")
        await publish(channel, message, **levels)

    monkeypatch.setattr(venue.bus, "publish", break_down)
    with pytest.raises(PeerError, match=r"^no connection to the broker$"):
        await venue.rehearse(venue.order())

    history = read_history(venue.folder("1-race") / "history.jsonl")
    assert isinstance(history[-1], Ended)
    assert history[-1].cut_short == "no connection to the broker"
    assert venue.notes.shown == []


async def test_a_broker_that_is_lost_in_the_first_of_several_scenarios_cuts_all_of_them_short(
    venue: Venue, honest: Decide, monkeypatch: pytest.MonkeyPatch
) -> None:
    await venue.host(honest)
    publish = venue.bus.publish

    async def break_down(channel: object, message: object, **levels: str) -> None:
        if venue.bus.said.count(topics.FIRE.topic(run=RUN)) == 2:
            raise PeerError("no connection to the broker")
        await publish(channel, message, **levels)  # type: ignore[arg-type]

    monkeypatch.setattr(venue.bus, "publish", break_down)
    first, second, third = await venue.rehearse(venue.order(RACE, STREAM, RACE))

    assert first.counters.successful_scans == 1
    assert (second.counters.attempts, third.counters.attempts) == (0, 0)
    for result in (first, second, third):
        assert result.cut_short == "no connection to the broker"
        assert (result.verdict, result.exit_code) == (Verdict.INCONCLUSIVE, 4)
    assert [folder.name for _, folder in venue.notes.shown] == ["1-race", "2-stream", "3-race"]
    assert [run.read().judge() for run in find_runs(venue.out / RUN)] == [first, second, third]


async def test_a_broker_that_is_lost_as_the_first_instant_is_named_cuts_the_run_short(
    venue: Venue, honest: Decide, monkeypatch: pytest.MonkeyPatch
) -> None:
    await venue.host(honest)
    publish = venue.bus.publish

    async def break_down(channel: object, message: object, **levels: str) -> None:
        await publish(channel, message, **levels)  # type: ignore[arg-type]
        if channel is topics.FIRE:
            raise PeerError("no connection to the broker")

    monkeypatch.setattr(venue.bus, "publish", break_down)
    [result] = await venue.rehearse(venue.order())

    assert (result.cut_short, result.exit_code) == ("no connection to the broker", 4)


async def test_nobody_hears_the_fleets_of_scenarios_that_are_over(
    venue: Venue, honest: Decide
) -> None:
    await venue.host(honest)
    await venue.rehearse(venue.order(STREAM))
    after_one = len(venue.bus.subscriptions)
    await venue.rehearse(venue.order(STREAM, STREAM, STREAM, run="later"))

    # One more for the presences of the later rehearsal.
    assert len(venue.bus.subscriptions) == after_one + 1


async def test_a_service_that_refuses_a_later_population_cuts_that_scenario_short(
    venue: Venue, honest: Decide, monkeypatch: pytest.MonkeyPatch
) -> None:
    await venue.host(honest)
    populate = ServiceClient.populate
    times = 0

    async def once(service: ServiceClient, held: Population) -> None:
        nonlocal times
        times += 1
        if times == 2:
            raise PeerError("the disk is full")
        await populate(service, held)

    monkeypatch.setattr(ServiceClient, "populate", once)
    results = await venue.rehearse(venue.order(STREAM, RACE, STREAM))

    assert [result.cut_short for result in results] == [None, "the disk is full", None]
    assert [result.verdict for result in results] == [
        Verdict.PASSED,
        Verdict.INCONCLUSIVE,
        Verdict.PASSED,
    ]
    records = RunFolder(venue.folder("2-race")).read().records
    assert (records.before, records.after) == (Snapshot(), Snapshot())
    assert records.complete_logs is False


async def test_a_service_that_refuses_the_first_population_is_the_users_to_mend(
    venue: Venue, honest: Decide, monkeypatch: pytest.MonkeyPatch
) -> None:
    await venue.host(honest)

    async def refuse(_service: ServiceClient, _held: Population) -> None:
        raise PeerError("the disk is full")

    monkeypatch.setattr(ServiceClient, "populate", refuse)
    with pytest.raises(PeerError, match=r"^the disk is full$"):
        await venue.rehearse(venue.order(STREAM, RACE))

    assert venue.notes.shown == []


async def test_a_run_that_is_interrupted_before_the_service_was_filled_reads_no_records_of_others(
    venue: Venue, honest: Decide, monkeypatch: pytest.MonkeyPatch
) -> None:
    await venue.host(honest)
    reached = asyncio.Event()

    async def hang(_service: ServiceClient, _held: Population) -> None:
        reached.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(ServiceClient, "populate", hang)
    task = asyncio.create_task(venue.rehearse(venue.order(STREAM)))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    [(result, folder)] = venue.notes.shown
    assert (result.verdict, result.cut_short) == (Verdict.INCONCLUSIVE, "interrupted")
    assert RunFolder(folder).read().records.unreadable == (
        "the run ended before the records were read",
    )


async def test_a_scenario_is_run_again_from_a_reset_state(venue: Venue, honest: Decide) -> None:
    await venue.host(honest)
    one, two = await venue.rehearse(venue.order(RACE, RACE))

    assert [result.verdict for result in (one, two)] == [Verdict.PASSED] * 2
    assert [result.repeat for result in (one, two)] == [1, 2]
    runs = [run.read() for run in find_runs(venue.out / RUN)]
    assert [run.plan.steps[0].id for run in runs] == ["race-1.1", "race~2-1.1"]
    for run in runs:
        assert {row.id for row in run.records.before.tickets or ()} == {
            ticket.id for ticket in run.plan.tickets
        }
        assert {row.status for row in run.records.before.tickets or ()} == {"valid"}


async def test_passes_that_come_back_in_the_next_scenario_are_valid_again(
    venue: Venue,
) -> None:
    drill = msgspec.structs.replace(load_scenario("vip-checkin"), devices=3)
    drill = msgspec.structs.replace(
        drill, tickets=(msgspec.structs.replace(drill.tickets[0], count=3),)
    )
    await venue.host(_unknown)
    await venue.rehearse(venue.order(drill, drill))

    for run in find_runs(venue.out / RUN):
        rows = run.read().records.before.vip_passes or ()
        assert [row.status for row in rows] == ["active"] * 3
        [reservation] = run.read().records.before.vip_reservations or ()
        assert reservation.checked_in_guests == 0


BOOKING = Scenario(
    1,
    "booking",
    "Bookings",
    (Burst(books=(Book("evening"),)), Burst(pays=(Pay("evening"),))),
    kiosks=2,
    slots=(Slot("evening", 5),),
)


async def test_kiosks_that_do_not_come_end_the_rehearsal_before_it_begins(
    venue: Venue,
) -> None:
    await venue.host(_unasked, kiosks=("kiosk-01",))

    with pytest.raises(PeerError, match=r": 2 kiosks are needed, 1 came"):
        await venue.rehearse(venue.order(RACE, BOOKING))

    assert not venue.out.exists()


async def test_a_device_that_a_scenario_names_is_waited_for(
    venue: Venue,
) -> None:
    await venue.host(_unasked)
    named = msgspec.structs.replace(STREAM, roster=("gate-02", "gate-99"))

    with pytest.raises(PeerError, match=r"did not come: gate-99$"):
        await venue.rehearse(venue.order(named))


async def test_what_scenarios_and_the_command_line_require_is_waited_for(venue: Venue) -> None:
    await venue.host(_unasked)
    demanding = msgspec.structs.replace(STREAM, requires=Requires(devices=4, gates={"gate": 3}))
    order = venue.order(RACE, demanding, requires=Requires(gates={"hall": 1, "gate": 2}))

    with pytest.raises(PeerError) as raised:
        await venue.rehearse(order)

    assert str(raised.value) == (
        "waited 0.01 s for the roster: 4 devices are needed, 3 came; hall: 1 is needed, 0 came"
    )


async def test_the_most_patient_scenario_says_how_long_the_roster_is_waited_for(
    venue: Venue,
) -> None:
    short, long = (
        msgspec.structs.replace(RACE, requires=Requires(within_s=seconds))
        for seconds in (0.01, 0.02)
    )
    order = msgspec.structs.replace(venue.order(short, long), wait_s=None)

    with pytest.raises(PeerError, match=r"^waited 0\.02 s "):
        await venue.rehearse(order)


async def test_what_is_required_does_not_change_who_takes_part(
    venue: Venue, honest: Decide
) -> None:
    await venue.host(honest)
    demanding = msgspec.structs.replace(STREAM, requires=Requires(devices=3))
    await venue.rehearse(venue.order(demanding))

    [run] = find_runs(venue.out / RUN)
    assert [device.name for device in run.read().plan.devices] == ["gate-01", "gate-02"]


async def test_kiosks_that_book_nowhere_are_found_out_by_the_services_records(
    venue: Venue,
) -> None:
    await venue.host(_unasked, kiosks=("kiosk-01", "kiosk-02"))
    [result] = await venue.rehearse(venue.order(BOOKING))

    assert result.counters.checkouts == 2
    assert {each.kind: each.count for each in result.outcomes} == {"booked": 2, "confirmed": 2}
    assert result.verdict is Verdict.VIOLATED


async def test_an_error_of_our_own_stands_in_the_history_and_comes_through(
    venue: Venue, honest: Decide, monkeypatch: pytest.MonkeyPatch
) -> None:
    await venue.host(honest)
    monkeypatch.setattr(venue.notes, "update", lambda _step, _attempts: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        await venue.rehearse(venue.order())

    history = read_history(venue.folder("1-race") / "history.jsonl")
    assert isinstance(history[-1], Ended)
    assert history[-1].cut_short == "it ended on an error of its own"


async def test_a_run_of_the_same_name_is_not_written_over(venue: Venue, honest: Decide) -> None:
    await venue.host(honest)
    await venue.rehearse(venue.order(STREAM))

    with pytest.raises(UsageError, match="1-stream: cannot be made: File exists"):
        await venue.rehearse(venue.order(STREAM))


def offline(*phases: Phase) -> Scenario:
    made = scenario(3, *phases, name="outage")
    return msgspec.structs.replace(
        made,
        authorities=(Authority.ONLINE, Authority.OFFLINE),
        tickets=(*made.tickets, TicketGroup("late")),
    )


FAILING = offline(BeginFaults((Fault("uplink-down"),)), race())
SELLING = offline(Sell("late"), Burst(shows=(Show("late"),)))


async def test_faults_are_refused_before_anything_is_run_where_there_are_no_hands(
    venue: Venue,
) -> None:
    await venue.host(_unasked)

    with pytest.raises(UsageError, match="scenario outage has faults"):
        await venue.rehearse(venue.order(RACE, FAILING))

    assert not venue.out.exists()


async def test_tickets_are_not_sold_where_they_come_from_a_file(venue: Venue) -> None:
    await venue.host(_unasked)

    with pytest.raises(UsageError, match="scenario outage sells tickets amid the run"):
        await venue.rehearse(venue.order(SELLING, tickets=_file(8)))

    assert not venue.out.exists()


async def test_hands_are_laid_on_the_venue_and_the_onlooker_is_told(
    venue: Venue, honest: Decide
) -> None:
    await venue.host(honest)
    hands = ScriptedHands()
    await venue.rehearse(venue.order(FAILING), hands)

    assert hands.done == ["begin outage-1-f1", "end outage-1-f1"]
    assert "uplink-down strikes gate-01, gate-02, gate-03 (outage-1-f1)" in venue.notes.lines
    history = read_history(venue.folder("1-outage") / "history.jsonl")
    assert [type(each) for each in history if isinstance(each, FaultBegan | FaultEnded)] == [
        FaultBegan,
        FaultEnded,
    ]


async def test_hands_that_fail_cut_the_run_short_with_their_words(
    venue: Venue, honest: Decide
) -> None:
    def refuse(_fault: PlannedFault) -> None:
        raise PeerError("the uplink's proxy does not answer")

    await venue.host(honest)
    hands = ScriptedHands()
    hands.on_begin["uplink-down"] = refuse
    late = offline(race(), BeginFaults((Fault("uplink-down"),)))
    [result] = await venue.rehearse(venue.order(late), hands)

    assert "the run was cut short: the uplink's proxy does not answer" in (
        result.inconclusive_because
    )


async def test_the_service_is_given_late_tickets_when_they_are_sold_and_their_records_are_read(
    venue: Venue, honest: Decide
) -> None:
    await venue.host(honest)
    await venue.rehearse(venue.order(SELLING))

    run = RunFolder(venue.folder("1-outage")).read()
    before = {row.id for row in run.records.before.tickets or ()}
    after = {row.id for row in run.records.after.tickets or ()}
    assert before == set()
    assert after == set(run.plan.late)
    assert any(isinstance(event, Sold) for event in run.history)


async def _unknown(_: Presentation) -> Outcome:
    return Outcome(OutcomeKind.UNKNOWN, Reason.TIMEOUT)


async def _unasked(_: Presentation) -> Outcome:
    raise AssertionError("nobody may be asked")


def _file(count: int) -> TicketFile:
    return TicketFile(tuple(ListedTicket(f"t{number}", EVENT) for number in range(1, count + 1)))
