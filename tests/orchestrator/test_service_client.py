"""Asking a service about itself over real HTTP, also where the service does not like it."""

import socket
from collections.abc import AsyncIterator, Iterator

import httpx
import msgspec
import pytest
from table_service import Service, table_service

from gatedrill.contract.errors import PeerError
from gatedrill.contract.service import (
    ABOUT_PATH,
    LATE_TICKETS_PATH,
    POPULATION_PATH,
    SERVICE_NAME,
    About,
    LateTickets,
    PaymentBehaviour,
    Population,
    SlotRow,
    TicketRow,
    VipPassRow,
    VipReservationRow,
)
from gatedrill.orchestrator.service_client import ServiceClient, in_words

KEY = "a-key-that-nobody-may-see"
TICKETS = "/rest/v1/tickets"
POPULATION = Population(
    tickets=(TicketRow("t1", "event", "vip"), TicketRow("t2", "event", "general")),
    vip_reservations=(VipReservationRow("r1", "event", 2),),
    vip_passes=(VipPassRow("p1", "r1", 1, "token"),),
    slots=(SlotRow("s1", "event", 5),),
    payment=PaymentBehaviour("fail", 20),
    qr_secret="secret",
)
HTML = b"<h1>It works!</h1>"


@pytest.fixture
def service() -> Iterator[Service]:
    with table_service() as running:
        yield running


@pytest.fixture
async def client(service: Service) -> AsyncIterator[ServiceClient]:
    async with ServiceClient(service.url, KEY) as client:
        yield client


@pytest.fixture
def deserted() -> str:
    """Where nobody answers."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


async def failure(client: ServiceClient) -> str:
    with pytest.raises(PeerError) as raised:
        await client.about()
    assert KEY not in str(raised.value)
    return str(raised.value)


async def test_the_reference_backend_is_recognised_by_its_name(
    service: Service, client: ServiceClient
) -> None:
    about = About(SERVICE_NAME, "0.1.0", "slow-350ms")
    service.answer(ABOUT_PATH, about)

    assert await client.about() == about


async def test_every_request_carries_the_key_in_both_headers(
    service: Service, client: ServiceClient
) -> None:
    service.answer(ABOUT_PATH, About(SERVICE_NAME, "0.1.0"))
    await client.about()

    [asked] = service.asked
    assert asked.headers["apikey"] == KEY
    assert asked.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"code":"PGRST125"}', 404),
        (HTML, 200),
        (b"", 302),
        (msgspec.json.encode(About("another", "1")), 200),
    ],
    ids=["not found", "a web page", "a redirection", "another service"],
)
async def test_any_other_service_is_asked_for_one_ticket_to_try_the_key_and_nothing_is_written(
    service: Service, client: ServiceClient, body: bytes, status: int
) -> None:
    service.answer(ABOUT_PATH, body, status)
    service.answer(TICKETS, [])

    assert await client.about() is None
    assert [(asked.method, asked.path) for asked in service.asked] == [
        ("GET", ABOUT_PATH),
        ("GET", TICKETS),
    ]
    assert service.asked[1].query == {"select": "id", "limit": "1"}


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("path", [ABOUT_PATH, TICKETS])
async def test_refused_credentials_are_reported_without_the_key(
    service: Service, client: ServiceClient, path: str, status: int
) -> None:
    service.answer(path, {"message": f"{KEY} is wrong"}, status)

    assert await failure(client) == (
        f"{service.url} refused the credentials (HTTP {status}): "
        "set SUPABASE_SERVICE_ROLE_KEY to its key"
    )


async def test_a_service_out_of_reach_is_named(deserted: str) -> None:
    async with ServiceClient(deserted, KEY) as client:
        assert (await failure(client)).startswith(f"cannot reach the service at {deserted}: ")


async def test_a_service_that_hangs_up_is_out_of_reach(
    service: Service, client: ServiceClient
) -> None:
    service.answers[ABOUT_PATH] = None

    message = await failure(client)
    assert message.startswith(f"cannot reach the service at {service.url}: ")
    assert message != f"cannot reach the service at {service.url}: "


async def test_a_proxy_of_the_environment_is_not_asked(
    service: Service, deserted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", deserted)
    monkeypatch.setenv("ALL_PROXY", deserted)
    service.answer(ABOUT_PATH, About(SERVICE_NAME, "0.1.0"))

    async with ServiceClient(service.url, KEY) as client:
        assert await client.about() is not None


async def test_the_population_is_delivered_as_it_is(
    service: Service, client: ServiceClient
) -> None:
    service.answer(POPULATION_PATH, b"", 204)
    await client.populate(POPULATION)

    [asked] = service.asked
    assert asked.method == "PUT"
    assert msgspec.json.decode(asked.body, type=Population) == POPULATION


async def test_a_refused_population_is_told_with_the_answer(
    service: Service, client: ServiceClient
) -> None:
    service.answer(POPULATION_PATH, b"x" * 300, 400)

    with pytest.raises(PeerError) as raised:
        await client.populate(POPULATION)

    assert str(raised.value) == (f"{service.url} refused its population with HTTP 400: {'x' * 200}")


async def test_a_population_that_cannot_be_delivered_names_the_service(deserted: str) -> None:
    async with ServiceClient(deserted, KEY) as client:
        with pytest.raises(PeerError, match=f"cannot reach the service at {deserted}: "):
            await client.populate(POPULATION)


async def test_tickets_that_are_sold_late_are_delivered_as_they_are(
    service: Service, client: ServiceClient
) -> None:
    service.answer(LATE_TICKETS_PATH, b"", 204)
    await client.sell(LateTickets(POPULATION.tickets))

    [asked] = service.asked
    assert asked.method == "POST"
    assert msgspec.json.decode(asked.body, type=LateTickets).tickets == POPULATION.tickets


async def test_a_service_that_takes_no_late_tickets_is_told_with_its_answer(
    service: Service, client: ServiceClient
) -> None:
    with pytest.raises(PeerError) as raised:
        await client.sell(LateTickets(()))

    assert str(raised.value) == f"{service.url} refused the tickets sold late with HTTP 404: {{}}"


async def test_a_table_is_read_as_it_is_asked_for(service: Service, client: ServiceClient) -> None:
    service.answer("/rest/v1/slots", [SlotRow("s1", "event", 5)])
    answer = await client.read_table("slots", {"select": "id", "id": "in.(s1)"})

    assert answer.status_code == 200
    [asked] = service.asked
    assert (asked.method, asked.path) == ("GET", "/rest/v1/slots")
    assert asked.query == {"select": "id", "id": "in.(s1)"}


@pytest.mark.parametrize(
    ("error", "words"),
    [(httpx.ReadTimeout(""), "ReadTimeout"), (httpx.ConnectError("refused"), "refused")],
)
def test_an_error_without_words_of_its_own_is_called_by_its_name(
    error: httpx.HTTPError, words: str
) -> None:
    assert in_words(error) == words


async def test_a_service_that_answers_too_late_is_out_of_reach_and_named(
    service: Service, client: ServiceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def too_late(*_: object, **__: object) -> httpx.Response:
        raise httpx.ReadTimeout("")

    monkeypatch.setattr(httpx.AsyncClient, "get", too_late)
    monkeypatch.setattr(httpx.AsyncClient, "request", too_late)

    told = f"cannot reach the service at {service.url}: ReadTimeout"
    assert await failure(client) == told
    with pytest.raises(PeerError) as raised:
        await client.populate(POPULATION)
    assert str(raised.value) == told
