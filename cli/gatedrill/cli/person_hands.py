"""Hands for a venue of others: whoever leads the drill pulls the plug, and says so."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gatedrill.cli.prompter import Prompter
from gatedrill.fixtures.scenario import BeginFaults, Burst, FaultName, Scenario, Stream
from gatedrill.orchestrator.plan import PlannedFault


class _Deed(NamedTuple):
    """What a person does to have something fail, and to mend it."""

    begin: str
    end: str


DEEDS: Mapping[FaultName, _Deed] = {
    "uplink-down": _Deed(
        "Cut the line to the check-in service: unplug it at the router. Gates, broker and "
        "registrar stay connected with each other.",
        "Plug the line to the check-in service in again.",
    ),
    "registrar-stopped": _Deed(
        "Stop the venue's registrar: Ctrl-C in its terminal.",
        "Start the registrar again, with the same file.",
    ),
    "device-killed": _Deed("Cut the power of {devices}.", "Switch {devices} on again."),
}
"""What a person can do, and so leisurely: between two steps, and for as long as it takes."""


class PersonHands:
    """Implements `Hands`: tells what is to be done, and takes Enter for the moment of it."""

    def __init__(self, prompter: Prompter) -> None:
        self._prompter = prompter

    async def begin(self, fault: PlannedFault) -> bool:
        """Have it done; it counts from the moment at which the person says so."""
        self._prompter.say()
        self._tell(DEEDS[fault.fault].begin, fault)
        await self._prompter.wait_for_enter("once that is done")
        return True

    async def end(self, fault: PlannedFault) -> None:
        """Have it undone. Who has just interrupted the drill is told, and not waited for."""
        self._prompter.say()
        self._tell(DEEDS[fault.fault].end, fault)
        task = asyncio.current_task()
        if task is None or not task.cancelling():
            await self._prompter.wait_for_enter("once that is done")

    def _tell(self, deed: str, fault: PlannedFault) -> None:
        self._prompter.say(deed.format(devices=", ".join(fault.devices)), "bold yellow")


def beyond_people(scenario: Scenario) -> Iterator[str]:
    """The faults of a scenario that no person brings about as it wants them, in words."""
    for index, phase in enumerate(scenario.phases):
        faults = phase.faults if isinstance(phase, Burst | Stream | BeginFaults) else ()
        for fault in faults:
            where = f"phases[{index}], {fault.fault}"
            if fault.fault not in DEEDS:
                yield f"{where}: a person can do {', '.join(DEEDS)}"
            elif not isinstance(phase, BeginFaults) or fault.for_s is not None:
                yield (
                    f"{where}: a person has no stop watch: let it begin in a phase of its own, "
                    "and heal it in another"
                )
