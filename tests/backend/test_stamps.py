import asyncio
from itertools import count
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from gatedrill.backend.stamps import Stamps
from gatedrill.contract.service import ARRIVED_HEADER, DEPARTED_HEADER

if TYPE_CHECKING:
    from backend.conftest import Service

KEY = "a-key-that-nobody-may-ever-see"


def stamps_of(answer: httpx.Response) -> tuple[int, int]:
    return int(answer.headers[ARRIVED_HEADER]), int(answer.headers[DEPARTED_HEADER])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/rest/v1/rpc/scan_ticket_atomic"),
        ("GET", "/rest/v1/tickets"),
        ("GET", "/nowhere"),
        ("PUT", "/gatedrill/population"),
    ],
)
@pytest.mark.parametrize("headers", [{}, {"apikey": "wrong"}], ids=["with key", "wrong key"])
async def test_every_answer_is_stamped_and_departs_after_it_arrived(
    service: "Service", method: str, path: str, headers: dict[str, str]
) -> None:
    earlier = stamps_of(await service.client.get("/gatedrill/about"))

    arrived, departed = stamps_of(await service.client.request(method, path, headers=headers))

    assert earlier[1] <= arrived <= departed


async def test_requests_that_are_served_together_overlap_by_their_stamps() -> None:
    everybody = asyncio.Barrier(10)

    async def meet(scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()
        await everybody.wait()
        await PlainTextResponse("met")(scope, receive, send)

    transport = httpx.ASGITransport(Stamps(meet))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        answers = await asyncio.gather(*(client.post("/") for _ in range(10)))

    stamps = [stamps_of(answer) for answer in answers]
    assert max(arrived for arrived, _ in stamps) < min(departed for _, departed in stamps)


async def test_a_body_in_pieces_has_arrived_with_its_last_piece() -> None:
    clock = count(100)

    async def pieces() -> dict[str, object]:
        return next(messages)

    messages = iter(
        [
            {"type": "http.request", "body": b"a", "more_body": True},
            {"type": "http.request", "body": b"b", "more_body": True},
            {"type": "http.request", "body": b"c", "more_body": False},
        ]
    )
    sent: list[dict[str, object]] = []

    async def keep(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message)

    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(await Request(scope, receive).body())(scope, receive, send)

    await Stamps(echo, lambda: next(clock))({"type": "http", "headers": []}, pieces, keep)

    headers = sent[0]["headers"]
    assert isinstance(headers, list)
    assert dict(headers)[ARRIVED_HEADER.encode()] == b"101"
    assert dict(headers)[DEPARTED_HEADER.encode()] == b"102"
    assert sent[1]["body"] == b"abc"


async def test_a_request_whose_last_byte_is_held_back_arrives_with_that_byte(
    service: "Service",
) -> None:
    body = b"{}"
    head = (
        "POST /rest/v1/rpc/scan_ticket_atomic HTTP/1.1\r\nhost: gate\r\nconnection: close\r\n"
        f"apikey: {KEY}\r\nauthorization: Bearer {KEY}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(service.url).port)
    writer.write(head.encode() + body[:-1])
    await writer.drain()
    _, meanwhile = stamps_of(await service.client.get("/gatedrill/about"))

    writer.write(body[-1:])
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()

    [arrived] = [
        int(line.split(": ")[1]) for line in answer.split("\r\n") if line.startswith(ARRIVED_HEADER)
    ]
    assert arrived > meanwhile
