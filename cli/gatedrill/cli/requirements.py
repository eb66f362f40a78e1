"""Who has to be at a venue, as it is said on the command line: `40`, or `hall-1=20`."""

import re
from collections.abc import Iterable

import msgspec

from gatedrill.cli.durations import parse_duration_s
from gatedrill.contract.errors import UsageError
from gatedrill.contract.topics import check_name
from gatedrill.fixtures.scenario import MAX_DEVICES, Duration, Requires

_WRITTEN = re.compile(r"(?:(?P<gate>[^=]+)=)?(?P<number>[0-9]{1,9})")


def parse_requirements(written: Iterable[str]) -> Requires:
    """All of them together; UsageError for the first that is none, or is said twice."""
    said: dict[str | None, int] = {}
    for each in written:
        gate, number = _parse(each)
        if gate in said:
            raise UsageError(f"--require {each}: {gate or 'how many in all'} is said twice")
        said[gate] = number
    gates = {gate: number for gate, number in said.items() if gate is not None}
    return Requires(devices=said.get(None, 0), gates=gates)


def parse_wait_s(written: str | None) -> float | None:
    """How long to wait for the roster; None leaves that to the scenarios."""
    if written is None:
        return None
    try:
        return msgspec.convert(parse_duration_s(written), Duration)
    except msgspec.ValidationError as error:
        raise UsageError(f"--wait {written}, in seconds: {str(error).lower()}") from None


def _parse(written: str) -> tuple[str | None, int]:
    found = _WRITTEN.fullmatch(written)
    if found is None or not 1 <= int(found["number"]) <= MAX_DEVICES:
        raise UsageError(
            f"--require {written}: write a number of scanners, 1 to {MAX_DEVICES}, like 40, or a "
            "gate's name with one, like hall-1=20"
        )
    gate = found["gate"]
    return gate and check_name(gate, "--require: gate"), int(found["number"])
