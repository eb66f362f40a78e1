"""docs/uplink.md tells the uplink's contract and faults as they are."""

import re
from typing import get_args, get_type_hints

import msgspec
import pytest
from document import Document, fields

from gatedrill.broker.uplink import entrance
from gatedrill.broker.uplink.faults import FAULTS
from gatedrill.cli.environment import UPLINK_KEY
from gatedrill.contract.uplink import (
    DEVICE_HEADER,
    FAULTS_PATH,
    HEALTH_PATH,
    KEY_HEADER,
    UplinkFault,
    UplinkFaultKind,
    UplinkFaults,
    UplinkHealth,
)

PAGE = Document("uplink.md")


def tables(heading: str) -> list[list[list[str]]]:
    """The tables below a heading, each as its rows of cells, without heads and backticks."""
    found = re.findall(r"(?:^\|.*\n)+", PAGE.section(heading), re.MULTILINE)
    rows = [[line.strip("|").split("|") for line in table.splitlines()[2:]] for table in found]
    return [[[cell.strip().replace("`", "") for cell in row] for row in table] for table in rows]


@pytest.mark.parametrize("struct", [UplinkFaults, UplinkFault, UplinkHealth])
def test_every_field_is_documented_in_order(struct: type[msgspec.Struct]) -> None:
    assert PAGE.names(struct.__name__) == fields(struct)


def test_the_defaults_of_a_fault_are_documented() -> None:
    assert [row[1] for row in PAGE.table("UplinkFault")] == [
        "required" if field.required else msgspec.json.encode(field.default).decode()
        for field in msgspec.structs.fields(UplinkFault)
    ]


def limit(field: str) -> msgspec.Meta:
    [_, meta] = get_args(get_type_hints(UplinkFault, include_extras=True)[field])
    assert isinstance(meta, msgspec.Meta)
    return meta


def test_the_limits_of_a_fault_are_documented() -> None:
    name = limit("id")
    assert f"{name.min_length} to {name.max_length} characters" in PAGE.meaning("UplinkFault", "id")
    assert f"at most {limit('delay_ms').le}" in PAGE.meaning("UplinkFault", "delay_ms")
    share = limit("share")
    assert f"above {share.gt}, at most {share.le}" in PAGE.meaning("UplinkFault", "share")


def test_every_fault_is_documented_and_there_is_no_other() -> None:
    assert PAGE.names("Faults") == [*UplinkFaultKind] == [*FAULTS]


def test_routes_and_headers_are_documented() -> None:
    routes, headers, _ = tables("Control")
    served = {f"{method} {path}" for path, method in entrance._METHODS.items()}
    assert {row[0] for row in routes} == served
    assert {path for path in (FAULTS_PATH, HEALTH_PATH) if path in PAGE.text} == set(
        entrance._METHODS
    )
    assert [row[0] for row in headers] == [KEY_HEADER]
    assert [row[0] for row in tables("Tunnels")[0]] == [DEVICE_HEADER]
    assert UPLINK_KEY in PAGE.section("Control")


def test_the_longest_body_is_documented() -> None:
    meanings = {row[0]: row[1] for row in tables("Control")[2]}
    assert f"more than {entrance._LONGEST_BODY} bytes" in meanings["413"]
