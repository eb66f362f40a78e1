"""Each check of `gatedrill doctor`, well and seen to fail on the fault that it is there for."""

import errno
import os
import re
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from broker_process import running_broker
from checkout import CHECKOUT
from fake_machine import FakeMachine

from gatedrill.cli.doctor_checks import brokers, clocks, decoding, folder, packages, system
from gatedrill.cli.doctor_checks.catalogue import carried_out, checks
from gatedrill.cli.doctor_checks.connected import connected_hardware
from gatedrill.cli.doctor_checks.finding import Finding, State
from gatedrill.cli.doctor_checks.service import service
from gatedrill.contract.errors import UsageError
from gatedrill.devices.hardware.cameras import ask_nothing
from gatedrill.devices.hardware.survey import Survey, survey
from gatedrill.devices.readers.decoders import Decoded, Image

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL


def states(*findings: Finding) -> list[State]:
    """Their states; whatever is not well comes with a cure of one line, and nothing else does."""
    for finding in findings:
        assert bool(finding.cure) == (finding.state is not OK), finding
        assert "\n" not in finding.says + finding.cure
    return [finding.state for finding in findings]


def test_python_has_to_be_new_enough() -> None:
    old = packages.python_version((3, 10, 14))
    assert states(packages.python_version((3, 11, 0)), old) == [OK, FAIL]


def test_a_missing_package_fails_where_no_drill_can_do_without_it() -> None:
    def without(*names: str) -> list[State]:
        return states(*(packages.extra(name, lambda p: p not in names) for name in packages.EXTRAS))

    assert without() == [OK, OK, OK, OK, OK, OK]
    assert without("serial") == [FAIL, OK, OK, OK, OK, OK]
    assert without("aiosqlite") == [FAIL, FAIL, OK, OK, OK, OK]
    unneeded = ("evdev", "segno", "asyncpg", "cryptography")
    assert without(*unneeded) == [OK, OK, WARN, WARN, WARN, WARN]
    assert "pip install 'gatedrill[hid]'" in packages.extra("hid", lambda _: False).cure


def test_every_extra_is_looked_for_as_the_project_defines_it() -> None:
    imported = {
        "opencv-python-headless": "cv2",
        "pyserial": "serial",
        "zxing-cpp": "zxingcpp",
        "evdev-binary": "evdev",
        "hidapi": "hid",
        "fpdf2": "fpdf",
    }
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    defined = {
        extra: {imported.get(name, name) for name in map(_distribution, wanted)}
        for extra, wanted in project["optional-dependencies"].items()
        if extra not in ("all", "zbar", "embedded-broker")
    }
    assert defined == {extra: set(modules) for extra, modules in packages.EXTRAS.items()}


def _distribution(requirement: str) -> str:
    return re.split("[>;]", requirement, maxsplit=1)[0].strip()


def test_a_broker_is_mosquitto_or_the_embedded_one_or_none() -> None:
    found = [
        brokers.local_broker(lambda: "/usr/sbin/mosquitto", lambda _: False),
        brokers.local_broker(lambda: None, lambda _: True),
        brokers.local_broker(lambda: None, lambda _: False),
    ]
    assert states(*found) == [OK, WARN, FAIL]
    assert "/usr/sbin/mosquitto" in found[0].says


def test_the_venues_broker_answers_or_is_out_of_reach() -> None:
    with running_broker("mosquitto") as broker:
        met = brokers.venue_broker(broker.url)
    assert states(met, brokers.venue_broker("mqtt://127.0.0.1:9")) == [OK, FAIL]
    assert broker.url in met.says


@pytest.mark.parametrize("url", ["mqtt://ada:hunter2@127.0.0.1:9", "http://ada:hunter2@h"])
def test_a_brokers_password_is_not_told(url: str) -> None:
    finding = brokers.venue_broker(url)
    assert states(finding) == [FAIL]
    assert "hunter2" not in repr(finding)


class _Service(BaseHTTPRequestHandler):
    status = 200
    asked: list[dict[str, str]]

    def do_GET(self) -> None:
        self.asked.append(dict(self.headers))
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def answering(status: int) -> Iterator[tuple[str, list[dict[str, str]]]]:
    asked: list[dict[str, str]] = []
    handler = type("Handler", (_Service,), {"status": status, "asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def test_a_service_that_answers_anything_is_there_and_is_not_shown_the_key() -> None:
    with answering(404) as (url, asked):
        found = [service(url, has_key=True), service(url, has_key=False)]
    assert states(*found) == [OK, WARN]
    assert len(asked) == 2
    assert not {"apikey", "authorization"} & {name.lower() for each in asked for name in each}


def test_a_service_that_answers_with_an_error_is_worth_a_look() -> None:
    with answering(502) as (url, _):
        finding = service(url, has_key=True)
    assert (states(finding), "502" in finding.says) == ([WARN], True)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9", "not a url", "http://ada:hunter2@127.0.0.1", "http://[", ""]
)
def test_a_service_that_is_not_there_fails(url: str) -> None:
    finding = service(url, has_key=True)
    assert states(finding) == [FAIL]
    assert "hunter2" not in repr(finding)


class _Blind:
    def decode(self, image: Image) -> list[Decoded]:
        return []


def test_a_rendered_code_is_read_or_the_decoder_is_broken() -> None:
    def missing(name: str) -> _Blind:
        raise UsageError(f"the decoder {name} is not installed")

    found = [decoding.decode_now(), decoding.decode_now(lambda _: _Blind())]
    assert states(*found, decoding.decode_now(missing)) == [OK, FAIL, FAIL]
    assert states(decoding.zbar(lambda _: _Blind()), decoding.zbar(missing)) == [OK, WARN]


def test_pseudo_terminals_can_be_had_or_not() -> None:
    def none() -> tuple[int, int]:
        raise OSError(errno.ENOENT, "out of pty devices")

    assert states(system.pseudo_terminals(), system.pseudo_terminals(none)) == [OK, FAIL]


def test_the_check_of_pseudo_terminals_leaves_none_open() -> None:
    opened: list[int] = []

    def open_pair() -> tuple[int, int]:
        opened.extend(os.pipe())
        return opened[0], opened[1]

    assert states(system.pseudo_terminals(open_pair)) == [OK]
    for end in opened:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(end)


def test_ports_of_our_own_address_can_be_had_or_not() -> None:
    """192.0.2.1 is for documents (RFC 5737): no machine has it."""
    assert states(system.loopback_port(), system.loopback_port("192.0.2.1")) == [OK, FAIL]


def test_few_open_files_are_few_devices() -> None:
    found = [system.open_files(limit) for limit in (1_048_576, 1024, 100)]
    assert states(*found) == [OK, WARN, FAIL]
    assert "enough for about 85 devices" in found[1].says


def test_one_core_and_no_priority_are_only_worth_knowing() -> None:
    assert states(system.cores(8), system.cores(1)) == [OK, WARN]
    assert states(system.real_time(True), system.real_time(False)) == [OK, WARN]


def test_asking_for_priority_leaves_this_thread_as_it_was() -> None:
    before = os.sched_getscheduler(0)
    system.real_time()
    assert os.sched_getscheduler(0) == before


def test_a_folder_can_be_written_or_made_or_not(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    wanted = [tmp_path, tmp_path / "a" / "b", tmp_path / "file", Path("/proc/nowhere")]
    assert states(*map(folder.writable, wanted)) == [OK, OK, FAIL, FAIL]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_a_disk_runs_full(tmp_path: Path) -> None:
    def with_free(megabytes: int) -> Finding:
        return folder.disk_space(tmp_path / "drills", lambda _: megabytes * 1_000_000)

    assert states(with_free(5000), with_free(500), with_free(50)) == [OK, WARN, FAIL]
    assert folder.disk_space(tmp_path / "drills").says.endswith("MB free")


def test_a_database_needs_its_write_ahead_log(tmp_path: Path) -> None:
    kept = folder.database(tmp_path / "drills")
    on_network = folder.database(tmp_path, lambda _: "delete")
    nowhere = folder.database(Path("/proc/nowhere"))
    assert states(kept, on_network, nowhere) == [OK, FAIL, FAIL]
    assert list(tmp_path.iterdir()) == []


def test_a_clock_that_goes_back_or_in_steps_is_told() -> None:
    found = [
        clocks.monotonic_clock(),
        clocks.monotonic_clock([1, 2, 2, 3], 0.015),
        clocks.monotonic_clock([1, 3, 2], 1e-9),
    ]
    assert states(*found) == [OK, WARN, FAIL]


def test_a_machine_that_woke_up_in_1970_is_told() -> None:
    assert states(clocks.time_of_day(), clocks.time_of_day(lambda: 100.0)) == [OK, FAIL]


def test_hardware_with_something_in_its_way_is_told_with_its_cure(tmp_path: Path) -> None:
    fake = FakeMachine(tmp_path)

    def look() -> Survey:
        return survey(fake.machine, fake.comports, ask_nothing, fake.around())

    none = connected_hardware(look)
    fake.serial("ttyACM0", "1-2", "05e0:1701", serial="S123")
    free = connected_hardware(look)
    fake.process(4711, "minicom", "/dev/ttyACM0")
    held = connected_hardware(look)

    assert states(none, free, held) == [OK, OK, WARN]
    assert free.says == "1 serial port, 0 HID scanners, 0 cameras"
    assert "cannot be read: /dev/ttyACM0 (minicom (process 4711) has it open)" in held.says


def test_a_note_on_hardware_is_told_and_so_is_a_port_that_vanished(tmp_path: Path) -> None:
    fake = FakeMachine(tmp_path)

    def look() -> Survey:
        return survey(fake.machine, fake.comports, ask_nothing, fake.around())

    fake.keyboard("event5", "Honeywell", "1-6", "0c2e:0b61")
    note = connected_hardware(look)
    fake.usb("1-1", "1a86:7523")
    fake.process(60, "brltty")
    vanished = connected_hardware(look)

    assert states(note, vanished) == [WARN, WARN]
    assert "1 note on them" in note.says
    assert "1a86:7523 in socket 1-1" in vanished.says


def test_hardware_that_cannot_be_listed_is_told() -> None:
    def refuse() -> Survey:
        raise UsageError("this needs the package serial: pip install 'gatedrill[devices]'")

    assert states(connected_hardware(refuse)) == [WARN]


def test_a_check_that_breaks_is_a_failure_and_the_others_go_on() -> None:
    def surprising() -> Finding:
        raise ZeroDivisionError("nobody foresaw this")

    finding = carried_out(surprising)
    assert (finding.name, finding.state) == ("surprising", FAIL)
    assert "ZeroDivisionError" in finding.says


def test_the_document_tells_every_check(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GATEDRILL_BROKER", "mqtt://127.0.0.1:9")
    monkeypatch.setenv("SUPABASE_URL", "http://127.0.0.1:9")
    names = {carried_out(check).name for check in checks(tmp_path)}
    page = (CHECKOUT / "docs" / "hardware.md").read_text(encoding="utf-8")
    table = page[page.index("| check |") : page.index("With `--json` it writes `ready`")]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    told = {name.strip(" `") for cell in cells for name in cell.split(",")}
    assert told == names | {"environment"}
