"""Who has to be at the venue before a run begins, and who of them is still missing. Pure."""

from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec

from gatedrill.contract.messages import DeviceInfo
from gatedrill.contract.numbering import is_numbered, missing_numbers
from gatedrill.fixtures.scenario import Requires, Scenario

NAMED_AT_MOST = 20
"""More names than these nobody reads in one line."""


class Needed(msgspec.Struct, frozen=True):
    """All the devices in `names`, so many scanners and kiosks in all, and so many of each gate.

    A kiosk is no scanner.
    """

    names: tuple[str, ...] = ()
    scanners: int = 0
    kiosks: int = 0
    gates: dict[str, int] = {}

    def lacking(self, here: Collection[DeviceInfo]) -> str:
        """Who is missing among those that are here, in words; empty when nobody is."""
        absent = self._absent(here)
        named = [f"did not come: {in_short(absent)}"] if absent else []
        # Those who are named are missed by their names: the numbers tell who is missing besides.
        counts = [
            f"{_needed(needed, what)}, {came} came"
            for came, needed, what in self._counts(here)
            if came + len(absent) < needed
        ]
        gates = [
            f"{gate}: {_needed(needed)}, {len(came)} came{_missing(gate, needed, came)}"
            for came, needed, gate in self._gates(here)
            if len(came) < needed
        ]
        told = "; ".join([*named, *counts, *gates])
        if not counts or named or gates:
            return told
        names = in_short(sorted(device.name for device in here)) or "none"
        return f"{told} (here: {names}): start more with gatedrill fleet or --scale device=N"

    def progress(self, here: Collection[DeviceInfo]) -> str:
        """How many have come of those that are needed, in words."""
        named = len(self.names) - len(self._absent(here))
        gates = [(len(came), needed, f"at {gate}") for came, needed, gate in self._gates(here)]
        counts = [(named, len(self.names), "named"), *self._counts(here), *gates]
        return ", ".join(f"{came} of {needed} {what}" for came, needed, what in counts if needed)

    def _absent(self, here: Collection[DeviceInfo]) -> list[str]:
        names = {device.name for device in here}
        return [name for name in self.names if name not in names]

    def _counts(self, here: Collection[DeviceInfo]) -> Iterator[tuple[int, int, str]]:
        kiosks = sum(device.is_kiosk for device in here)
        yield len(here) - kiosks, self.scanners, "devices"
        yield kiosks, self.kiosks, "kiosks"

    def _gates(self, here: Collection[DeviceInfo]) -> Iterator[tuple[list[str], int, str]]:
        scanners = [device.name for device in here if not device.is_kiosk]
        for gate, needed in self.gates.items():
            yield (
                [name for name in scanners if name == gate or is_numbered(name, gate)],
                needed,
                gate,
            )


def needed_for(scenarios: Sequence[Scenario], devices: Iterable[str], required: Requires) -> Needed:
    """What all the scenarios need, and these devices, and what is `required` besides."""
    requires = [*(scenario.requires for scenario in scenarios), required]
    gates: dict[str, int] = {}
    for each in requires:
        for gate, number in each.gates.items():
            gates[gate] = max(number, gates.get(gate, 0))
    return Needed(
        names=tuple(sorted({*devices, *(name for each in scenarios for name in each.roster)})),
        scanners=max(*(each.devices for each in requires), *(each.devices for each in scenarios)),
        kiosks=max(scenario.kiosks for scenario in scenarios),
        gates=gates,
    )


def in_short(names: Sequence[str]) -> str:
    """The names, or, of very many, the first and how many there are besides."""
    more = len(names) - NAMED_AT_MOST
    listed = ", ".join(names[:NAMED_AT_MOST])
    return f"{listed} and {more} more" if more > 0 else listed


def _needed(number: int, what: str = "") -> str:
    if number == 1:
        return f"1 {what.removesuffix('s')} is needed" if what else "1 is needed"
    return f"{number} {what} are needed" if what else f"{number} are needed"


def _missing(gate: str, needed: int, came: Collection[str]) -> str:
    names = missing_numbers(gate, needed, came)
    return f", missing {in_short(names)}" if names else ""
