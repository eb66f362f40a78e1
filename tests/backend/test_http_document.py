"""docs/http.md tells what the code does, no more and no less."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from gatedrill.backend.app import CheckIn
from gatedrill.backend.faults import FAULTS
from gatedrill.backend.problems import ProblemKind
from gatedrill.contract.service import (
    ALREADY_SCANNED,
    BUSY,
    LOST_INDEX,
    LOST_UPDATE,
    NOT_FOUND,
    SERVICE_NAME,
    About,
    ScanArguments,
    ScanLogRow,
    ScanRow,
    TicketRow,
)

if TYPE_CHECKING:
    from backend.conftest import Service

    from gatedrill.backend.store import Store

DOCUMENT = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    """The text below a heading, up to the next one."""
    found = re.search(rf"^#+ {heading}\n(.*?)(?=^#|\Z)", DOCUMENT, re.DOTALL | re.MULTILINE)
    assert found, f"docs/http.md has no section {heading!r}"
    return found.group(1)


def first_table(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head and without backticks."""
    [table, *_] = re.findall(r"(?:^\|.*\n)+", section(heading), re.MULTILINE)
    rows = [line.strip("|").split("|") for line in table.splitlines()[2:]]
    return [[cell.strip().strip("`") for cell in row] for row in rows]


def names(heading: str) -> list[str]:
    return [row[0] for row in first_table(heading)]


def test_every_route_is_documented() -> None:
    check_in = CheckIn(cast("Store", None), About(SERVICE_NAME, "1"))
    served = {
        f"{method} {route.path}"
        for route in check_in.routes
        for method in (route.methods or set()) - {"HEAD"}
    }

    assert set(names("Routes")) == served


@pytest.mark.parametrize(
    ("heading", "struct"),
    [
        ("Arguments", ScanArguments),
        ("Answer", ScanRow),
        ("tickets", TicketRow),
        ("scan_logs", ScanLogRow),
        ("About", About),
    ],
)
def test_every_field_is_documented_in_order(heading: str, struct: type[msgspec.Struct]) -> None:
    assert names(heading) == list(struct.__struct_fields__)


def test_the_defaults_of_the_arguments_are_documented() -> None:
    defaults = {
        field.name: "required" if field.required else msgspec.json.encode(field.default).decode()
        for field in msgspec.structs.fields(ScanArguments)
    }

    assert {name: default for name, _, default in first_table("Arguments")} == defaults


@pytest.mark.parametrize("message", [ALREADY_SCANNED, NOT_FOUND, BUSY, LOST_UPDATE, LOST_INDEX])
def test_every_message_is_documented(message: str) -> None:
    assert f"`{message}`" in section("Answer").replace("\n", " ")


def test_every_error_is_documented_with_its_status() -> None:
    documented = {(code, int(status)) for code, status, _ in first_table("Errors")}

    assert documented == {(kind.code, kind.status) for kind in ProblemKind}


def test_every_fault_is_documented_with_its_meaning() -> None:
    documented = [tuple(row) for row in first_table("Planted faults")]

    assert documented == [(fault.name, fault.meaning) for fault in FAULTS]


async def test_every_header_that_is_sent_is_documented(service: "Service") -> None:
    answers = [
        await service.client.get("/gatedrill/about"),
        await service.client.get("/gatedrill/about", headers={"apikey": "wrong"}),
        await service.client.post("/gatedrill/about"),
        await service.client.put("/gatedrill/population", json={"tickets": []}),
    ]

    assert [answer.status_code for answer in answers] == [200, 401, 405, 204]
    assert set(names("Headers of an answer")) == {
        name for answer in answers for name in answer.headers
    }


async def test_every_header_that_is_needed_is_documented(service: "Service") -> None:
    needed = set()
    for name in service.client.headers:
        request = service.client.build_request("GET", "/gatedrill/about")
        del request.headers[name]
        if (await service.client.send(request)).status_code != 200:
            needed.add(name)

    assert set(names("Headers of a request")) == needed
