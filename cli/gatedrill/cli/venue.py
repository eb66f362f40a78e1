"""The venue of a run: started here, part by part, or one that is there already."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from gatedrill.cli.environment import KEY, STORE, UPLINK, UPLINK_KEY, to_own_broker
from gatedrill.cli.hands import LocalHands
from gatedrill.cli.logs import never_log
from gatedrill.cli.part import Part
from gatedrill.cli.planted import FaultyPart, fault_option
from gatedrill.cli.shares import Share, shares
from gatedrill.cli.together import all_or_none
from gatedrill.cli.uplink_control import UplinkControl
from gatedrill.cli.venue_faults.uplink_fault import UplinkFaulty
from gatedrill.cli.venue_faults.venue_fault import VenueParts
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import DeviceInfo
from gatedrill.devices.emulated_roster import emulated_devices
from gatedrill.orchestrator.hands import Hands

LOCAL_PREFIX = "gate"


class Venue(msgspec.Struct, frozen=True):
    """Where a run takes place. `target` None means that the roster tells it.

    `devices` names those that must come, if we know; `parts` says what was started, for people;
    `hands` can lay hands on it, where we have started it.
    """

    broker: str
    target: str | None
    key: str
    devices: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    hands: Hands | None = None

    def __repr__(self) -> str:
        return f"Venue({self.parts})"


class OfflineParts(msgspec.Struct, frozen=True):
    """What a venue has besides whose gates may decide without the service.

    Each gate keeps its file in the folder `data`. There is a `registrar`, or none; an `uplink`
    that can fail, or none. The devices in `solo` have a process of their own.
    """

    data: Path
    registrar: bool = False
    uplink: bool = False
    solo: tuple[str, ...] = ()


class LocalVenue(msgspec.Struct, frozen=True):
    """What to start: so many emulated gates and kiosks, and what they ask.

    `target` None means the reference backend, perhaps with its records in the PostgreSQL at
    `store`. `fault` is planted in the part that can have it. `offline` is what there is besides
    where gates may decide without the service.
    """

    run: str
    gates: int
    kiosks: int
    target: str | None = None
    key: str | None = None
    decoder: str = "zxing"
    vip_argument: str = "p_pass_id"
    store: str | None = None
    fault: str | None = None
    offline: OfflineParts | None = None
    log_options: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"LocalVenue({self.gates} gates, {self.kiosks} kiosks)"


@asynccontextmanager
async def start_venue(wanted: LocalVenue) -> AsyncIterator[Venue]:
    """Start broker, backend (where no target is given) and fleets; stop them all at the end."""
    async with AsyncExitStack() as stack:
        key = new_key() if wanted.target is None else wanted.key or ""
        starting = [start_broker(stack, wanted)]
        if wanted.target is None:
            starting.append(start_backend(stack, wanted, key))
        broker, *backend = await all_or_none(starting)
        target = wanted.target or backend[0].child.url
        helping = await start_helping(stack, wanted, broker, target)
        fleets = await start_fleets(stack, wanted, helping, target, key)
        parts = [
            f"broker: {broker.child.what} at {broker.child.url}",
            *(f"service: {part.child.what} at {part.child.url}" for part in backend),
            *helping.told(),
            *(f"devices: {fleet.child.what}" for fleet in fleets),
        ]
        yield Venue(
            broker.child.url,
            target,
            key,
            local_devices(wanted),
            tuple(parts),
            helping.hands(fleets),
        )


def new_key() -> str:
    """A key that opens one part of our own, and appears nowhere."""
    key = secrets.token_urlsafe(24)
    never_log(key)
    return key


async def start_broker(stack: AsyncExitStack, wanted: LocalVenue) -> Part:
    """A broker on a free port, which it keeps, until the stack unwinds."""
    broker = await _start(stack, wanted, "broker", "--port", "0")
    broker.settle_on("--port", str(urlsplit(broker.child.url).port))
    return broker


async def start_backend(stack: AsyncExitStack, wanted: LocalVenue, key: str, port: int = 0) -> Part:
    """The reference backend as it is wanted, until the stack unwinds."""
    fault = fault_option(wanted.fault, FaultyPart.SERVICE)
    # By the environment: a store's URL may carry a password.
    variables = {KEY: key, STORE: wanted.store or ""}
    return await _start(stack, wanted, "backend", "--port", str(port), *fault, **variables)


class Helping(msgspec.Struct, frozen=True):
    """What stands between devices and the rest: the broker, perhaps a registrar and an uplink."""

    broker: Part
    registrar: Part | None = None
    uplink: Part | None = None
    uplink_faults: UplinkFaulty | None = None

    def told(self) -> list[str]:
        """What was started besides the broker, for people."""
        parts = (("registrar", self.registrar), ("uplink", self.uplink))
        return [f"{name}: {part.child.what}" for name, part in parts if part is not None]

    def hands(self, fleets: Sequence[Part]) -> Hands:
        """What can lay hands on all of it."""
        solo = {fleet.name: fleet for fleet in fleets}
        return LocalHands(VenueParts(self.broker, self.registrar, solo), self.uplink_faults)


async def start_helping(
    stack: AsyncExitStack, wanted: LocalVenue, broker: Part, target: str
) -> Helping:
    """Registrar and uplink, as far as they are wanted, until the stack unwinds."""
    offline = wanted.offline
    if offline is None:
        return Helping(broker)
    _make_folder(offline.data)
    registrar = None
    if offline.registrar:
        file = offline.data / "registrar.sqlite3"
        at_broker = to_own_broker(broker.child.url)
        fault = fault_option(wanted.fault, FaultyPart.REGISTRAR)
        registrar = await _start(
            stack, wanted, "registrar", "--file", str(file), *fault, **at_broker
        )
    if not offline.uplink:
        return Helping(broker, registrar)
    key = new_key()
    to_service = ("--target", target, "--allow-target", urlsplit(target).hostname or "")
    uplink = await _start(stack, wanted, "uplink", "--port", "0", *to_service, **{UPLINK_KEY: key})
    control = await stack.enter_async_context(UplinkControl(uplink.child.url, key))
    return Helping(broker, registrar, uplink, UplinkFaulty(control))


def _make_folder(folder: Path) -> None:
    """Where gates and registrar keep their files: nobody else's business."""
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be made: {error.strerror}") from error


async def start_fleets(
    stack: AsyncExitStack, wanted: LocalVenue, helping: Helping, target: str, key: str
) -> list[Part]:
    """The gates and kiosks, in as many fleets as serve best, until the stack unwinds."""
    solo = wanted.offline.solo if wanted.offline else ()
    variables = {**to_own_broker(helping.broker.child.url), KEY: key}
    if helping.uplink is not None:
        variables[UPLINK] = helping.uplink.child.url
    left = wanted.gates + wanted.kiosks - len(solo)
    hosting = [
        *(("fleet", ("--share", str(share), *_without(solo))) for share in _shares(left)),
        *((name, ("--only", name)) for name in solo),
    ]
    return await all_or_none(
        [_start_fleet(stack, wanted, name, hosted, target, variables) for name, hosted in hosting]
    )


def _shares(devices: int) -> list[Share]:
    return shares(devices) if devices else []


def _without(solo: Sequence[str]) -> list[str]:
    return [argument for name in solo for argument in ("--without", name)]


async def _start_fleet(
    stack: AsyncExitStack,
    wanted: LocalVenue,
    name: str,
    hosted: Sequence[str],
    target: str,
    variables: dict[str, str],
) -> Part:
    data = ("--data", str(wanted.offline.data)) if wanted.offline else ()
    return await _start(
        stack,
        wanted,
        name,
        *("--count", str(wanted.gates), "--kiosks", str(wanted.kiosks), *hosted, *data),
        *("--name-prefix", LOCAL_PREFIX),
        *("--target", target, "--allow-target", urlsplit(target).hostname or ""),
        *("--decoder", wanted.decoder, "--vip-argument", wanted.vip_argument),
        *fault_option(wanted.fault, FaultyPart.GATES),
        command="fleet",
        **variables,
    )


def local_devices(wanted: LocalVenue) -> tuple[str, ...]:
    """The names of the devices that the local fleets host."""
    return tuple(device.name for device in emulated_roster(wanted.gates, wanted.kiosks))


def emulated_roster(gates: int, kiosks: int) -> tuple[DeviceInfo, ...]:
    """The devices of a local venue of this size; nothing is started."""
    return emulated_devices(LOCAL_PREFIX, gates, kiosks)


async def _start(
    stack: AsyncExitStack,
    wanted: LocalVenue,
    name: str,
    *arguments: str,
    command: str = "",
    **variables: str,
) -> Part:
    """Start a part; `command` is the one that starts it, where that is not its name."""
    whole = [command or name, *arguments, *wanted.log_options]
    part = Part(name, wanted.run, whole, variables)
    await part.start()
    stack.push_async_callback(part.stop)
    return part
