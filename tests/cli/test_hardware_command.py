"""`gatedrill hardware` as a person and as a program read it."""

import io
import json
import shlex
import signal
from pathlib import Path

import msgspec
import pytest
from command import gatedrill, on_terminal, running
from fake_machine import POS_DESCRIPTOR, FakeMachine
from rich.console import Console
from typer.core import TyperGroup
from typer.main import get_command

from gatedrill.cli.hardware_document import document, event_line
from gatedrill.cli.hardware_view import show, words_of_event
from gatedrill.cli.main import app
from gatedrill.contract.errors import UsageError
from gatedrill.devices.hardware.cameras import list_cameras
from gatedrill.devices.hardware.found import FoundHid
from gatedrill.devices.hardware.survey import Survey, survey
from gatedrill.devices.hardware.v4l2 import CameraAnswer
from gatedrill.devices.hardware.watch import HotPlug

FORMATS = tuple(f"MJPG {size}@30" for size in ("1920x1080", "1280x720", "800x600", "640x480"))


@pytest.fixture
def fake(tmp_path: Path) -> FakeMachine:
    """A gate's table: a good scanner, a cheap one, one that types, a keyboard and a webcam."""
    fake = FakeMachine(tmp_path)
    fake.serial(
        *("ttyACM0", "1-2", "05e0:1701"),
        serial="S123",
        vendor="Symbol Technologies",
        product="DS2208",
        by_id="usb-Symbol_Technologies_DS2208_S123-if00",
    )
    fake.serial("ttyUSB0", "1-3", "1a86:7523", product="USB Serial")
    fake.keyboard("event2", "CHERRY Tastatur", "1-1", "046a:0023")
    fake.camera("video0", "UVC Camera", fake.usb("1-4", "046d:0825"))
    return fake


def surveyed(fake: FakeMachine) -> Survey:
    def ask(_: str) -> CameraAnswer:
        return CameraAnswer(captures=True, formats=FORMATS)

    return survey(fake.machine, fake.comports, ask, fake.around())


def shown(found: Survey, width: int = 80) -> str:
    out = io.StringIO()
    show(found, Console(file=out, width=width))
    return out.getvalue()


def test_what_is_advised_is_a_command_that_exists(fake: FakeMachine) -> None:
    fake.keyboard("event5", "Honeywell 1950", "1-6", "0c2e:0b61")
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    for each in surveyed(fake).readers:
        _, name, *arguments = shlex.split(each.use)
        group.commands[name].make_context(name, ["--name", "north", *arguments])


def test_a_person_sees_each_device_its_identity_and_how_to_use_it(fake: FakeMachine) -> None:
    text = shown(surveyed(fake))

    assert "  /dev/ttyACM0  Symbol Technologies DS2208\n" in text
    assert "    05e0:1701, serial number S123, socket 1-2:1.0\n" in text
    assert "    use: gatedrill device --serial S123\n" in text
    assert "  /dev/ttyUSB0  QinHeng CH34x USB Serial\n" in text
    assert "    1a86:7523, no serial number, socket 1-3:1.0\n" in text
    assert "    MJPG 1920x1080@30, MJPG 1280x720@30, MJPG 800x600@30, and 1 more\n" in text
    assert "is connected" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_what_blocks_is_told_with_its_cure_in_one_line_however_narrow_it_is(
    fake: FakeMachine,
) -> None:
    fake.process(70, "ModemManager")
    fake.process(4711, "minicom", "/dev/ttyUSB0")

    text = shown(surveyed(fake), width=30)

    assert "    blocked: minicom (process 4711) has it open\n" in text
    (cure,) = [line for line in text.splitlines() if "ID_MM_DEVICE_IGNORE" in line]
    assert cure.startswith("      cure: run this, then plug it in again: echo 'ATTRS{idVendor}")
    assert cure.endswith("sudo udevadm control --reload")


def test_keyboards_are_shown_only_where_no_hid_scanner_was_found(fake: FakeMachine) -> None:
    assert "keyboards, not taken for scanners\n  /dev/input/event2" in shown(surveyed(fake))
    fake.keyboard("event5", "Honeywell 1950", "1-6", "0c2e:0b61")
    text = shown(surveyed(fake))
    assert "CHERRY" not in text
    assert "HID scanners\n  /dev/input/event5  Honeywell 1950" in text


def test_with_nothing_connected_it_is_told_what_to_plug_in(tmp_path: Path) -> None:
    text = shown(Survey())
    assert text.startswith("no scanner and no camera is connected\n")
    assert "gatedrill emulate serial" in text


def test_an_adapter_that_brltty_took_is_told_below(fake: FakeMachine) -> None:
    fake.usb("1-9", "1a86:7523")
    fake.process(60, "brltty")
    assert "blocked: the adapter 1a86:7523 in socket 1-9 has no serial port" in shown(
        surveyed(fake)
    )


def test_a_device_cannot_write_escape_codes_or_markup_by_its_name(tmp_path: Path) -> None:
    fake = FakeMachine(tmp_path)
    evil = "\x1b[31m[bold]evil[/bold]"
    fake.serial("ttyACM0", "1-2", "05e0:1701", serial=evil, vendor=evil, product=evil)
    fake.keyboard("event5", evil + " scanner", "1-6", "0c2e:0b61")
    fake.hidraw("hidraw0", "1-3", "05e0:1300", evil, POS_DESCRIPTOR)
    fake.camera("video0", evil, fake.usb("1-4", "046d:0825", product=evil))

    found = surveyed(fake)

    assert shown(found).count("[bold]evil") >= 4
    events = [words_of_event(HotPlug("here", each.device), 0) for each in found.readers]
    assert "\x1b" not in shown(found) + "".join(events)


ROW = {
    *("kind", "path", "name", "stable_path", "location", "ids", "vendor", "product"),
    *("serial_number", "formats"),
}


def test_the_document_has_the_promised_members_and_no_others(fake: FakeMachine) -> None:
    """Programs read it: whatever is added here is added to docs/hardware.md."""
    fake.forbidden.add("/dev/ttyACM0")
    fake.keyboard("event5", "Honeywell 1950", "1-6", "0c2e:0b61")
    told = json.loads(msgspec.json.encode(document(surveyed(fake))))

    assert set(told) == {"serial", "hid", "cameras", "keyboards", "obstacles", "notes"}
    rows = [row for section in ("serial", "hid", "cameras", "keyboards") for row in told[section]]
    assert all(set(row) == ROW | {"use", "obstacles"} for row in rows)
    assert [row["kind"] for row in rows] == [
        *("serial", "serial", "hid-wedge", "camera", "keyboard"),
    ]
    (obstacle,) = told["serial"][0]["obstacles"]
    assert set(obstacle) == {"kind", "blocks", "what", "cure"}
    assert told["serial"][0]["ids"] == "05e0:1701"
    assert told["cameras"][0]["formats"] == list(FORMATS)
    document_page = (Path(__file__).parents[2] / "docs" / "hardware.md").read_text("utf-8")
    assert all(f"`{member}`" in document_page for member in (*ROW, *told, *obstacle, "use"))


def test_an_event_is_a_line_for_a_person_and_an_object_for_a_program(fake: FakeMachine) -> None:
    (camera,) = list_cameras(fake.machine, lambda _: None)
    event = HotPlug("appeared", camera)

    words = words_of_event(event, 0)
    told = json.loads(event_line(event, 0))

    assert "appeared  /dev/video0  UVC Camera  046d:0825, no serial number, socket 1-4" in words
    assert set(told) == {"time", "change", "device"}
    assert (told["time"], told["change"]) == ("1970-01-01T00:00:00Z", "appeared")
    assert set(told["device"]) == ROW


def test_a_scanner_of_the_pos_kind_is_named_so() -> None:
    event = HotPlug("gone", FoundHid("/dev/hidraw0", "pos", "Symbol"))
    assert json.loads(event_line(event, 0))["device"]["kind"] == "hid-pos"


def test_the_command_ends_well_whatever_this_machine_has() -> None:
    ended = gatedrill("hardware", "--json")
    assert (ended.code, ended.err) == (0, "")
    assert set(json.loads(ended.out)) >= {"serial", "hid", "cameras"}
    code, text = on_terminal("hardware", columns=40, NO_COLOR="1")
    assert (code, "\x1b" in text) == (0, False)


def test_a_wrong_option_is_wrong_usage() -> None:
    ended = gatedrill("hardware", "--wach")
    assert (ended.code, len(ended.err_lines)) == (2, 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_watching_ends_well_when_it_is_told_to(number: signal.Signals) -> None:
    with running("hardware", "--watch", "--json") as command:
        command.err_line("Ctrl-C stops it")
        command.send_signal(number)
        ended = command.ended()
    assert ended.code == 0
    assert all(json.loads(line)["change"] == "here" for line in ended.out.splitlines())


def test_without_the_extra_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from gatedrill.cli.hardware import hardware

    for name in [each for each in sys.modules if each.startswith("gatedrill.devices.hardware")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("gatedrill.cli.hardware_view", "gatedrill.cli.hardware_document"):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "serial.tools", None)
    with pytest.raises(UsageError, match=r"pip install 'gatedrill\[devices\]'"):
        hardware()
