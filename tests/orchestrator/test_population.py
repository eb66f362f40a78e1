"""What the reference backend is given before a run, and what it makes of it."""

from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from plans import EVENT, plan_for
from reference_backend import KEY, client_of, reference_backend

from gatedrill.contract.qr import SignedPayload, parse_symbol, verify_payload
from gatedrill.contract.service import (
    RPC_PATH,
    SCAN_FUNCTION,
    VERIFY_PATH,
    VIP_SCAN_FUNCTION,
    PaymentBehaviour,
    VerifyRequest,
)
from gatedrill.fixtures.codes import qr_secret
from gatedrill.fixtures.loader import load_scenario, shipped_scenarios
from gatedrill.fixtures.scenario import (
    Burst,
    Payment,
    Reservation,
    Scenario,
    Show,
    Slot,
    TicketGroup,
)
from gatedrill.fixtures.tickets import Ticket
from gatedrill.orchestrator.plan import Plan
from gatedrill.orchestrator.population import population
from gatedrill.orchestrator.service_client import ServiceClient

GROUPS = (
    TicketGroup("plain"),
    TicketGroup("token", code="token", type="balcony"),
    TicketGroup("signed", code="signed"),
    TicketGroup("forged", code="forged"),
    TicketGroup("unsigned", code="unsigned"),
    TicketGroup("foreign", code="signed", event="other"),
    TicketGroup("cancelled", status="cancelled"),
    TicketGroup("unknown", status="unknown"),
    TicketGroup("linked", reservation="table"),
)
GUEST = TicketGroup("guest", kind="vip_pass", reservation="table", count=1)
PASSES = (
    GUEST,
    msgspec.structs.replace(GUEST, name="revoked", status="cancelled"),
    msgspec.structs.replace(GUEST, name="invented", status="unknown"),
)
EVERYTHING = Scenario(
    1,
    "drill",
    "A drill",
    (
        Burst(
            shows=(
                *(Show(group.name, devices=1) for group in GROUPS),
                *(Show(group.name) for group in PASSES),
            )
        ),
    ),
    devices=len(GROUPS) + len(PASSES),
    tickets=(*GROUPS, *PASSES),
    reservations=(
        Reservation("table", 5, table_number="7", table_name="Balcony"),
        Reservation("closed", 2, status="cancelled"),
    ),
    slots=(Slot("evening", 9, available=4), Slot("late", 3)),
    payment=Payment("fail", delay_ms=20),
)


@pytest.fixture
def plan() -> Plan:
    return plan_for(EVERYTHING)


@pytest.fixture
async def backend(plan: Plan) -> AsyncIterator[httpx.AsyncClient]:
    """The reference backend with the plan's population."""
    async with reference_backend() as url, client_of(url) as client:
        async with ServiceClient(url, KEY) as service:
            await service.populate(population(plan))
        yield client


def ticket(plan: Plan, group: str) -> Ticket:
    """The only one of a group: counted groups are made first, then those that are shown."""
    names = [group.name for group in (*PASSES, *GROUPS)]
    return plan.tickets[names.index(group)]


async def answer(client: httpx.AsyncClient, function: str, **arguments: str) -> dict[str, object]:
    body = {**arguments, "p_scanned_by": EVENT}
    said = (await client.post(RPC_PATH.format(function=function), json=body)).json()
    return dict(said[0] if isinstance(said, list) else said)


def test_a_population_holds_every_ticket_but_the_unknown_ones(plan: Plan) -> None:
    held = population(plan)

    known = {each.id for each in plan.tickets if each.status != "unknown"}
    assert {row.id for row in held.tickets} | {row.id for row in held.vip_passes} == known
    assert len(known) == len(plan.tickets) - 2
    assert {row.status for row in held.tickets} == {"valid", "cancelled"}
    assert {row.status for row in held.vip_passes} == {"active", "cancelled"}


def test_every_row_is_as_its_ticket_says(plan: Plan) -> None:
    held = population(plan)
    rows = {row.id: row for row in held.tickets}

    linked, balcony = ticket(plan, "linked"), ticket(plan, "token")
    assert rows[linked.id].vip_reservation_id == plan.reservations[0].id
    assert rows[balcony.id].vip_reservation_id is None
    assert (rows[balcony.id].ticket_type, rows[balcony.id].qr_token) == ("balcony", balcony.symbol)
    assert rows[ticket(plan, "foreign").id].event_id != EVENT
    [guest] = [row for row in held.vip_passes if row.status == "active"]
    assert (guest.reservation_id, guest.guest_number, guest.qr_token) == (
        plan.reservations[0].id,
        1,
        "VIP-TEST-GUEST-01",
    )


def test_reservations_slots_payments_and_the_secret_are_those_of_the_scenario(plan: Plan) -> None:
    held = population(plan)

    assert held.vip_reservations == plan.reservations
    assert [(row.total_guests, row.status, row.table_name) for row in held.vip_reservations] == [
        (5, "confirmed", "Balcony"),
        (2, "cancelled", None),
    ]
    assert [(row.capacity, row.available) for row in held.slots] == [(9, 4), (3, None)]
    assert held.payment == PaymentBehaviour("fail", 20)
    assert held.qr_secret == qr_secret(plan.seed)


@pytest.mark.parametrize("name", [scenario.name for scenario in shipped_scenarios()])
async def test_the_reference_backend_takes_the_population_of_every_shipped_scenario(
    name: str,
) -> None:
    async with reference_backend() as url, ServiceClient(url, KEY) as service:
        await service.populate(population(plan_for(load_scenario(name))))


@pytest.mark.parametrize(
    ("group", "message"),
    [
        ("plain", None),
        ("linked", None),
        ("cancelled", "Ticket cancelled"),
        ("unknown", "Ticket not found"),
    ],
)
async def test_a_plain_ticket_is_answered_as_its_group_wants(
    plan: Plan, backend: httpx.AsyncClient, group: str, message: str | None
) -> None:
    said = await answer(backend, SCAN_FUNCTION, p_ticket_id=ticket(plan, group).symbol)

    assert (said["success"], said["error_message"]) == (message is None, message)


@pytest.mark.parametrize(
    ("group", "valid"), [("signed", True), ("foreign", True), ("forged", False)]
)
async def test_only_what_the_venue_signed_is_found_genuine(
    plan: Plan, backend: httpx.AsyncClient, group: str, valid: bool
) -> None:
    symbol = parse_symbol(ticket(plan, group).symbol)
    assert isinstance(symbol, SignedPayload)
    assert verify_payload(symbol, qr_secret(plan.seed)) is valid

    asked = VerifyRequest(symbol.token, symbol.signature)
    said = await backend.post(VERIFY_PATH, content=msgspec.json.encode(asked))
    assert said.json() == {"valid": valid}


def test_an_unsigned_code_is_none_of_the_venues(plan: Plan) -> None:
    unsigned = ticket(plan, "unsigned")

    assert not isinstance(parse_symbol(unsigned.symbol), SignedPayload)
    assert unsigned.id in {row.id for row in population(plan).tickets}


@pytest.mark.parametrize(
    ("group", "error"),
    [("guest", None), ("revoked", "PASS_CANCELLED"), ("invented", "PASS_NOT_FOUND")],
)
async def test_a_pass_is_answered_as_its_group_wants(
    plan: Plan, backend: httpx.AsyncClient, group: str, error: str | None
) -> None:
    said = await answer(backend, VIP_SCAN_FUNCTION, p_qr_token=ticket(plan, group).symbol)

    assert (said["success"], said.get("error")) == (error is None, error)


async def test_a_slot_has_as_many_places_free_as_the_scenario_says(
    plan: Plan, backend: httpx.AsyncClient
) -> None:
    rows = (await backend.get("/rest/v1/slots", params={"select": "id,capacity,available"})).json()

    assert {row["id"]: (row["capacity"], row["available"]) for row in rows} == {
        plan.slots[0].id: (9, 4),
        plan.slots[1].id: (3, 3),
    }
