"""docs/http.md tells what the code does, no more and no less."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args, get_origin, get_type_hints

import msgspec
import pytest

from gatedrill.backend.app import CheckIn
from gatedrill.backend.bodies import SIGNATURES, Signature
from gatedrill.backend.claimed_time import TOLERANCE_S, Flag
from gatedrill.backend.desks import DeskTypes
from gatedrill.backend.faults import FAULTS
from gatedrill.backend.payment import PATIENCE_S
from gatedrill.backend.problems import ProblemKind
from gatedrill.backend.tables import READABLE
from gatedrill.contract.service import (
    ALREADY_SCANNED,
    BUSY,
    CANCELLED,
    LOST_INDEX,
    LOST_UPDATE,
    NOT_FOUND,
    SERVICE_NAME,
    About,
    AuditType,
    CheckoutAnswer,
    CheckoutRequest,
    LateTickets,
    LinkAnswer,
    LinkArguments,
    LinkedTicketAnswer,
    LinkedTicketArguments,
    LinkRefusal,
    Population,
    QrKey,
    RefusedScanAnswer,
    RefusedScanArguments,
    ScanArguments,
    ScanRow,
    SessionMetadata,
    SyncArguments,
    SyncRow,
    VipAnswer,
    VipPassArguments,
    VipRefusal,
    VipTokenArguments,
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
    nothing = cast("Store", None)
    check_in = CheckIn(nothing, DeskTypes().over(nothing), About(SERVICE_NAME, "1"))
    served = {
        f"{method} {route.path}"
        for route in check_in.routes
        for method in (route.methods or set()) - {"HEAD"}
    }

    assert set(names("Routes")) == served


def test_every_function_is_documented() -> None:
    assert names("Functions") == list(dict.fromkeys(each.function for each in SIGNATURES))


def test_every_table_is_documented() -> None:
    documented = re.findall(r"^### (\w+)$", DOCUMENT.split("## Tables")[1], re.MULTILINE)

    assert [each for each in documented if each != "Query"] == list(READABLE)


@pytest.mark.parametrize(
    ("heading", "struct"),
    [
        ("scan_ticket_atomic", ScanArguments),
        ("Answer to a scan", ScanRow),
        ("sync_offline_scan", SyncArguments),
        ("Answer to an upload", SyncRow),
        ("record_refused_scan", RefusedScanArguments),
        ("Answer to a refusal", RefusedScanAnswer),
        ("Key of QR codes", QrKey),
        ("Late tickets", LateTickets),
        ("process_vip_scan_with_reentry", VipPassArguments),
        ("process_vip_scan_with_reentry by token", VipTokenArguments),
        ("Answer to a VIP scan", VipAnswer),
        ("check_vip_linked_ticket_reentry", LinkedTicketArguments),
        ("Answer about a linked ticket", LinkedTicketAnswer),
        ("link_ticket_to_vip_reservation", LinkArguments),
        ("Answer to linking", LinkAnswer),
        ("Checkout", CheckoutRequest),
        ("Answer to a checkout", CheckoutAnswer),
        ("Metadata of a session", SessionMetadata),
        ("Population", Population),
        ("About", About),
        *READABLE.items(),
    ],
)
def test_every_field_is_documented_in_order(heading: str, struct: type[msgspec.Struct]) -> None:
    assert names(heading) == list(struct.__struct_fields__)


def default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    if field.default is msgspec.UNSET:
        return "absent"
    return msgspec.json.encode(field.default).decode()


def defaults(struct: type[msgspec.Struct]) -> list[str]:
    return [default(field) for field in msgspec.structs.fields(struct)]


@pytest.mark.parametrize("signature", SIGNATURES, ids=str)
def test_the_defaults_of_the_arguments_are_documented(signature: Signature) -> None:
    by_token = signature.arguments is VipTokenArguments
    heading = signature.function + (" by token" if by_token else "")

    assert [row[2] for row in first_table(heading)] == defaults(signature.arguments)


def test_the_defaults_of_a_population_are_documented() -> None:
    assert [row[1] for row in first_table("Population")] == defaults(Population)
    assert [row[1] for row in first_table("Late tickets")] == defaults(LateTickets)


def test_every_reason_not_to_believe_a_time_is_documented() -> None:
    assert tuple(names("Times that cannot be")) == get_args(Flag)
    assert f"more than {TOLERANCE_S} s after" in section("Times that cannot be")


def test_every_result_of_an_upload_is_documented() -> None:
    [_, table] = re.findall(r"(?:^\|.*\n)+", section("Answer to an upload"), re.MULTILINE)
    logged = set(re.findall(r"`(\w+)` \|$", table, re.MULTILINE))

    assert logged == {"synced", "took_over", "conflict", "not_found", "cancelled"}


@pytest.mark.parametrize(
    "message", [ALREADY_SCANNED, NOT_FOUND, CANCELLED, BUSY, LOST_UPDATE, LOST_INDEX]
)
def test_every_message_is_documented(message: str) -> None:
    assert f"`{message}`" in section("Answer to a scan").replace("\n", " ")


def second_table(heading: str) -> list[str]:
    """The first column of the second table below a heading."""
    [_, table] = re.findall(r"(?:^\|.*\n)+", section(heading), re.MULTILINE)
    return re.findall(r"^\| `(\w+)`", table, re.MULTILINE)


def test_every_refusal_is_documented() -> None:
    assert second_table("Answer to a VIP scan") == list(VipRefusal)
    assert second_table("Answer to linking") == list(LinkRefusal)


def test_every_type_of_audit_row_is_documented() -> None:
    assert names("Types of audit rows") == list(AuditType)


@pytest.mark.parametrize("struct", READABLE.values(), ids=READABLE)
def test_every_value_that_a_column_may_have_is_documented(struct: type[msgspec.Struct]) -> None:
    [heading] = [name for name, each in READABLE.items() if each is struct]
    meanings = {row[0]: row[2] for row in first_table(heading)}
    for name, annotation in get_type_hints(struct).items():
        if get_origin(annotation) is Literal:
            meaning = f"`{meanings[name]}`"
            assert all(f"`{value}`" in meaning for value in get_args(annotation))


def test_the_patience_with_the_payment_provider_is_documented() -> None:
    assert f"at most {PATIENCE_S * 1000:.0f} ms" in section("Checkout")


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
