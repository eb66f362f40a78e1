"""The real registrar at a real broker, while parts of the venue die, freeze and come back."""

import asyncio
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from broker_process import BrokerProcess, running_broker
from claiming_fleet import answer, claiming_fleet
from command import Running, gatedrill, wait_for
from registrar_process import running_registrar
from registrar_words import admission, claim

from gatedrill.contract.messages import VenueGrant
from gatedrill.contract.outcome import Reason


@pytest.fixture(scope="module")
def venue() -> Iterator[BrokerProcess]:
    """A Mosquitto that nobody else uses: a venue has but one registrar."""
    with running_broker("mosquitto") as process:
        yield process


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "registrar.sqlite3"


def kill(registrar: Running) -> None:
    registrar.process.kill()
    registrar.process.wait()


async def test_of_200_claims_for_one_ticket_at_once_exactly_one_is_granted(
    venue: BrokerProcess, file: Path
) -> None:
    async with AsyncExitStack() as stack:
        stack.enter_context(running_registrar(venue.url, file))
        fleets = [
            await stack.enter_async_context(claiming_fleet(venue.url, f"fleet-{number}"))
            for number in range(20)
        ]
        claims = [claim(f"claim-{number}", device=f"gate-{number}") for number in range(200)]
        grants = await asyncio.gather(
            *(answer(fleets[number % 20], each) for number, each in enumerate(claims))
        )

    [granted] = [grant for grant in grants if grant.granted]
    refused = [grant for grant in grants if grant is not granted]
    assert {grant.reason for grant in refused} == {Reason.ALREADY_USED}
    assert {grant.first_claim for grant in refused} == {granted.claim}


async def claims_around_a_kill(url: str, file: Path, *fault: str) -> tuple[VenueGrant, VenueGrant]:
    """The first claim of a ticket, and the next one, with the registrar killed in between."""
    with running_registrar(url, file, *fault) as registrar:
        async with claiming_fleet(url, "north") as fleet:
            first = await answer(fleet, claim("a", device="gate-1"))
            kill(registrar)
            with running_registrar(url, file, *fault):
                second = await answer(fleet, claim("b", device="gate-2"))
                if not fault:
                    assert await answer(fleet, claim("a", device="gate-1")) == first
    assert first.granted
    return first, second


async def test_a_registrar_that_was_killed_grants_nothing_again(
    venue: BrokerProcess, file: Path
) -> None:
    _, second = await claims_around_a_kill(venue.url, file)
    assert not second.granted
    assert (second.first_device, second.first_claim) == ("gate-1", "a")


async def test_one_that_forgets_grants_a_ticket_twice_and_it_is_the_same_file(
    venue: BrokerProcess, file: Path
) -> None:
    first, second = await claims_around_a_kill(venue.url, file, "--fault", "registrar-forgets")
    assert second.granted
    assert second.registrar == first.registrar


async def test_killed_amid_claims_again_and_again_it_grants_each_ticket_once(
    venue: BrokerProcess, file: Path
) -> None:
    tickets = [f"ticket-{number}" for number in range(60)]
    answered: asyncio.Queue[tuple[str, VenueGrant]] = asyncio.Queue()

    async def scan(gate: str) -> None:
        async with claiming_fleet(venue.url, gate) as fleet:
            for ticket in tickets:
                made = claim(f"{gate}-{ticket}", ticket, device=gate)
                answered.put_nowait((ticket, await answer(fleet, made)))

    async with asyncio.TaskGroup() as gates:
        for gate in ("gate-1", "gate-2"):
            gates.create_task(scan(gate))
        grants = []
        for lives_for in (30, 30, 60):
            with running_registrar(venue.url, file) as registrar:
                grants += [await answered.get() for _ in range(lives_for)]
                kill(registrar)
    assert sorted(ticket for ticket, grant in grants if grant.granted) == sorted(tickets)
    assert len(grants) == 2 * len(tickets)


async def test_a_restarted_broker_finds_registrar_and_fleet_as_they_were(file: Path) -> None:
    with running_broker("mosquitto") as first, running_registrar(first.url, file):
        async with claiming_fleet(first.url, "north") as fleet:
            before = await answer(fleet, claim("a"))
            first.stop()
            meanwhile = asyncio.create_task(answer(fleet, claim("b", "ticket-2")))
            with running_broker("mosquitto", first.port):
                assert await answer(fleet, claim("a")) == before
                assert (await meanwhile).granted
                assert not (await answer(fleet, claim("c"))).granted


async def test_what_was_claimed_while_the_broker_stood_still_is_answered_afterwards(
    venue: BrokerProcess, file: Path
) -> None:
    children = Path(f"/proc/{venue.process.pid}/task/{venue.process.pid}/children")
    [broker] = map(int, wait_for(lambda: children.read_text().split() or None, "mosquitto"))
    with running_registrar(venue.url, file):
        async with claiming_fleet(venue.url, "north") as fleet:
            await answer(fleet, claim("a"))
            os.kill(broker, signal.SIGSTOP)
            try:
                grant, ask = await fleet.claim(claim("b", "ticket-2"), 0.05)
                waiting = asyncio.create_task(answer(fleet, claim("c", "ticket-2")))
                await asyncio.sleep(0)
            finally:
                os.kill(broker, signal.SIGCONT)
            assert (grant, ask.registrar, ask.granted) == (None, None, None)
            # The claim that nobody waited for was made all the same, and came first.
            assert (await waiting).first_claim == "b"
            assert (await answer(fleet, claim("b", "ticket-2"))).granted


async def test_a_ticket_of_which_the_service_has_let_somebody_in_is_not_granted(
    venue: BrokerProcess, file: Path
) -> None:
    with running_registrar(venue.url, file):
        async with claiming_fleet(venue.url, "north") as north:
            await answer(north, claim("a", "another ticket"))
            await north.tell(admission("x", device="gate-7"))
            # Messages of one fleet keep their order.
            refused = await answer(north, claim("b"))
            itself = await answer(north, claim("x"))
    assert (refused.granted, refused.first_device, refused.first_claim) == (False, "gate-7", "x")
    assert itself.granted


async def test_a_fleet_that_takes_the_claim_and_name_of_another_is_answered_for_itself(
    venue: BrokerProcess, file: Path
) -> None:
    mine = claim("a", device="gate-a")
    with running_registrar(venue.url, file):
        async with claiming_fleet(venue.url, "a") as a, claiming_fleet(venue.url, "b") as b:
            granted = await answer(a, mine)
            stolen = await answer(b, mine)
            usurped = await answer(b, claim("b", "ticket-2", device="gate-a"))
            refused = await answer(a, claim("c", "ticket-2", device="gate-a"))
    assert (granted.granted, stolen.granted, stolen.first_fleet) == (True, False, "a")
    assert (usurped.granted, refused.granted, refused.first_fleet) == (True, False, "b")


def test_a_second_registrar_is_refused_at_the_venue_and_at_the_file(
    venue: BrokerProcess, tmp_path: Path
) -> None:
    with running_registrar(venue.url, tmp_path / "one"):
        other = gatedrill("registrar", "--broker", venue.url)
        same = gatedrill("registrar", "--broker", venue.url, "--file", str(tmp_path / "one"))
    assert (other.code, same.code) == (5, 2)
    assert "this venue has a registrar already, on " in other.err
    assert f"registrar file {tmp_path / 'one'} is in use" in same.err


async def test_one_that_cannot_write_any_more_says_so_and_leaves(
    venue: BrokerProcess, file: Path
) -> None:
    with running_registrar(venue.url, file) as registrar:
        async with claiming_fleet(venue.url, "north") as fleet:
            await answer(fleet, claim("a"))
            resource.prlimit(registrar.process.pid, resource.RLIMIT_FSIZE, (4096, 4096))
            lost = asyncio.create_task(answer(fleet, claim("b", "ticket-2")))
            ended = await asyncio.to_thread(registrar.ended)
            assert not lost.done()
            with running_registrar(venue.url, file):
                assert (await lost).granted
    assert ended.code == 2
    assert "cannot write registrar file" in ended.err
    assert "start the registrar again" in ended.err


async def test_on_the_embedded_broker_too(file: Path) -> None:
    with running_broker("embedded") as process, running_registrar(process.url, file):
        async with claiming_fleet(process.url, "north") as fleet:
            grants = await asyncio.gather(*(answer(fleet, claim(each)) for each in "abc"))
    assert sum(grant.granted for grant in grants) == 1
