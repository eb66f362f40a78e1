"""Whether a broker can be started, and whether the venue's can be reached."""

import asyncio
import secrets
from collections.abc import Callable

from gatedrill.broker.address import BrokerAddress
from gatedrill.broker.mosquitto import find_mosquitto
from gatedrill.cli.doctor_checks.finding import Finding, fail, ok, warn
from gatedrill.cli.environment import BROKER
from gatedrill.contract.errors import GatedrillError
from gatedrill.devices.hardware.surroundings import has_package


def local_broker(
    find: Callable[[], str | None] = find_mosquitto, has: Callable[[str], bool] = has_package
) -> Finding:
    """Mosquitto, or else the embedded broker, which is slower."""
    program = find()
    if program is not None:
        return ok("broker", f"mosquitto, {program}")
    cure = "install mosquitto with the system's package manager"
    if has("amqtt"):
        return warn("broker", "no mosquitto: the embedded one serves, for few devices", cure)
    return fail("broker", "none", f"{cure}, or pip install 'gatedrill[embedded-broker]'")


def venue_broker(url: str) -> Finding:
    """The venue's broker takes a connection with the credentials of its URL, which are not told."""
    try:
        address = BrokerAddress.parse(url)
    except GatedrillError as error:
        return fail("venue's broker", str(error), f"set {BROKER} right, or unset it")
    try:
        asyncio.run(_meet(address))
    except (GatedrillError, ConnectionError) as error:
        return fail("venue's broker", str(error), f"start it, or set {BROKER} right, or unset it")
    return ok("venue's broker", f"{address} answers")


async def _meet(address: BrokerAddress) -> None:
    from gatedrill.broker.link import LinkLostError, open_link

    try:
        async with open_link(address, f"doctor-{secrets.token_hex(4)}", cleared_at_death=None):
            return
    except LinkLostError as error:
        raise ConnectionError(str(error)) from None
