"""`gatedrill device`: a real scanner or camera joins a venue as a gate."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gatedrill.cli import options
from gatedrill.cli.durations import parse_duration_s
from gatedrill.cli.environment import BROKER, TARGET, read_environment
from gatedrill.cli.extras import extra_needed
from gatedrill.cli.logs import LogLevel, log_with, set_up_logging
from gatedrill.cli.parts import allow_many_files, required, required_key
from gatedrill.cli.service_process import serve_until_stopped
from gatedrill.cli.sign_of_life import sign_of_life
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import DeviceInfo
from gatedrill.contract.topics import check_name
from gatedrill.devices.readers.repeat_windows import CAMERA_S, SCANNER_S
from gatedrill.orchestrator.target import check_target

if TYPE_CHECKING:
    from gatedrill.devices.attended.attaching import MakeReader

LONGEST_WINDOW_S = 60.0


def device(
    name: Annotated[str, typer.Option("--name", help='What people call the gate, like "Gate A"')],
    serial: Annotated[
        str | None,
        typer.Option(
            metavar="WHICH", help="Serial scanner: auto, a path, VID:PID or a serial number"
        ),
    ] = None,
    hid: Annotated[
        str | None,
        typer.Option(metavar="WHICH", help="Scanner that types, or HID-POS: as for --serial"),
    ] = None,
    camera: Annotated[
        str | None,
        typer.Option(
            metavar="WHICH", help="A webcam's number, a URL, a video, or a folder of pictures"
        ),
    ] = None,
    broker: options.BrokerUrl = None,
    target: options.TargetUrl = None,
    allow_target: options.AllowTarget = None,
    uplink: options.UplinkUrl = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where the gate keeps its file, by which it may decide without the service",
        ),
    ] = None,
    line: Annotated[
        str, typer.Option(metavar="SETTING", help="Serial: speed and bits")
    ] = "9600-8N1",
    flow: Annotated[
        str, typer.Option(metavar="CONTROL", help="Serial: none, rts-cts or xon-xoff")
    ] = "none",
    keep_aim: Annotated[
        bool, typer.Option("--keep-aim", help="Serial: leave AIM identifiers in the text")
    ] = False,
    prefix: Annotated[
        str, typer.Option(metavar="TEXT", help="Serial: what the scanner puts before each code")
    ] = "",
    suffix: Annotated[
        str, typer.Option(metavar="TEXT", help="Serial: what it puts after, but for CR, LF, TAB")
    ] = "",
    layout: Annotated[
        str, typer.Option(metavar="COUNTRY", help="Typing scanner: the keyboard it is set to")
    ] = "us",
    idle_flush: Annotated[
        str,
        typer.Option(metavar="TIME", help="Silence that ends a code without Enter, CR or the like"),
    ] = "80ms",
    decoder: options.Decoder = "zxing",
    symbologies: Annotated[
        str, typer.Option(metavar="LIST", help="Camera: what is looked for")
    ] = "qr,code128",
    repeat_window: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How long a ticket must be out of view to count again; 500ms, of cameras 1s",
            show_default=False,
        ),
    ] = None,
    sound: Annotated[str, typer.Option(metavar="KIND", help="off, bell or tones")] = "off",
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Serial: have the scanner itself beep, in the words of this maker",
            show_default=False,
        ),
    ] = None,
    vip_argument: options.VipArgumentName = options.VipArgument.P_PASS_ID,
    log_level: options.Level = LogLevel.WARNING,
    log_json: options.LogJson = False,
) -> None:
    """Have a real scanner or camera join a venue as a gate.

    Give one of --serial, --hid and --camera. People present the tickets; it shows what the service
    decides, in a drill and between drills.
    """
    set_up_logging(log_level, as_json=log_json)
    fleet = check_name(slug(name), "the name made of --name")
    log_with(fleet=fleet)
    with extra_needed("devices"):
        from gatedrill.cli.gate_feedback import GateFeedback
        from gatedrill.devices.fleet_settings import FleetSettings
        from gatedrill.devices.host import serve_fleet

    kind = _only_one({"serial": serial, "hid": hid, "camera": camera})
    window_s = _window_s(repeat_window, kind)
    flush_s = parse_duration_s(idle_flush)
    if kind == "serial":
        make_reader = _serial(serial or "", line, flow, flush_s, window_s, keep_aim, prefix, suffix)
    elif kind == "hid":
        make_reader = _hid(hid or "", layout, flush_s, window_s)
    else:
        make_reader = _camera(camera or "", decoder, symbologies, window_s)
    if profile is not None and kind != "serial":
        raise UsageError("--profile sends bytes to a serial scanner: it goes with --serial alone")
    feedback = GateFeedback(name, sound, profile)
    environment = read_environment()
    settings = FleetSettings(
        name=fleet,
        devices=(DeviceInfo(fleet, kind, window_s, attended=True, label=name),),
        broker=required(environment.at_broker(broker), "--broker", BROKER),
        target=check_target(
            required(target or environment.target, "--target", TARGET), allow_target or ()
        ),
        key=required_key(),
        scanned_by=environment.scanned_by,
        decoder=decoder,
        event_id=environment.event_id,
        vip_argument=vip_argument.value,
        data=data,
        uplink=uplink or environment.uplink,
    )
    allow_many_files()
    beat = sign_of_life(environment.alive_file)

    async def run(ready: Callable[[str, str], None], stop: asyncio.Event) -> None:
        await serve_fleet(
            settings,
            ready=lambda: ready("the broker", f"{name} ({fleet}), {kind}"),
            stop=stop,
            attach=lambda clock, workers: feedback.attach(make_reader(clock, workers)),
            beat=beat,
        )

    serve_until_stopped(run, supervised=False)


def slug(name: str) -> str:
    """A gate's name as it stands in topics, files and the service's log: `Gate A` is `gate-a`."""
    return re.sub(r"[^a-z0-9_]+", "-", name.strip().lower()).strip("-")


def _only_one(given: dict[str, str | None]) -> str:
    kinds = [kind for kind, which in given.items() if which is not None]
    if len(kinds) != 1:
        raise UsageError(
            "say what reads the tickets: one of --serial, --hid and --camera "
            "(gatedrill hardware lists what is connected)"
        )
    return kinds[0]


def _window_s(written: str | None, kind: str) -> float:
    if written is None:
        return CAMERA_S if kind == "camera" else SCANNER_S
    seconds = parse_duration_s(written)
    if seconds > LONGEST_WINDOW_S:
        raise UsageError(f"--repeat-window {written}: at most {LONGEST_WINDOW_S:g}s are possible")
    return seconds


def _serial(
    which: str,
    line: str,
    flow: str,
    flush_s: float,
    window_s: float,
    keep_aim: bool,
    prefix: str,
    suffix: str,
) -> "MakeReader":
    import msgspec

    from gatedrill.devices.attended.attaching import serial_scanner
    from gatedrill.devices.readers.serial_settings import FlowControl, SerialSettings

    if flow not in list(FlowControl):
        raise UsageError(f"--flow {flow}: choose one of {', '.join(FlowControl)}")
    settings = msgspec.structs.replace(
        SerialSettings.parse(line),
        flow_control=FlowControl(flow),
        idle_flush_s=flush_s,
        repeat_window_s=window_s,
        keep_aim=keep_aim,
        prefix=prefix,
        suffix=suffix,
    )
    return serial_scanner(which, settings)


def _hid(which: str, layout: str, flush_s: float, window_s: float) -> "MakeReader":
    from gatedrill.devices.attended.attaching import HidSettings, hid_scanner
    from gatedrill.devices.readers.hid.layouts import LAYOUTS

    if layout not in LAYOUTS:
        raise UsageError(f"--layout {layout}: choose one of {', '.join(LAYOUTS)}")
    return hid_scanner(
        which, HidSettings(layout=layout, idle_flush_s=flush_s, repeat_window_s=window_s)
    )


def _camera(which: str, decoder: str, symbologies: str, window_s: float) -> "MakeReader":
    from gatedrill.devices.attended.attaching import camera
    from gatedrill.devices.readers.decoders import make_decoder

    wanted = tuple(each.strip() for each in symbologies.split(","))
    return camera(which, make_decoder(decoder, symbologies=wanted), window_s)
