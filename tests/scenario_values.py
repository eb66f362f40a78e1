"""Scenarios as values, with as little in them as a case needs."""

from collections.abc import Sequence
from pathlib import Path

from gatedrill.contract.errors import UsageError
from gatedrill.fixtures.loader import load_scenario
from gatedrill.fixtures.scenario import Phase, Reservation, Scenario, Slot, TicketGroup

ONE = TicketGroup("good")
TABLE = Reservation("table", guests=5)
PASSES = TicketGroup("guests", kind="vip_pass", reservation="table", count=5)
EVENING = Slot("evening", capacity=5)


def scenario(
    *phases: Phase,
    devices: int = 10,
    kiosks: int = 10,
    tickets: Sequence[TicketGroup] = (ONE, PASSES),
    reservations: Sequence[Reservation] = (TABLE,),
    slots: Sequence[Slot] = (EVENING,),
) -> Scenario:
    """Ten devices, ten kiosks, a group of tickets, five passes of a table, and a slot."""
    return Scenario(
        version=1,
        name="drill",
        title="A drill",
        phases=phases,
        devices=devices,
        kiosks=kiosks,
        tickets=tuple(tickets),
        reservations=tuple(reservations),
        slots=tuple(slots),
    )


def complaints(file: Path, text: str) -> list[str]:
    """What is said of a file with this text, line by line, without the file's name before each."""
    file.write_text(text)
    try:
        load_scenario(str(file))
    except UsageError as error:
        lines = str(error).splitlines()
        assert all(line.startswith(f"{file}: ") for line in lines), lines
        return [line.removeprefix(f"{file}: ") for line in lines]
    return []
