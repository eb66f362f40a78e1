"""`gatedrill emulate serial`: the real command, read by pyserial and by our own readers."""

import asyncio
import contextlib
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial
from command import COMMAND, TIMEOUT_S, environment, gatedrill, running
from device_fakes import ManualClock

from gatedrill.devices.readers.lasting import LastingReader
from gatedrill.devices.readers.reader import Reader
from gatedrill.devices.readers.serial_port import SerialReader


@pytest.fixture
def link(tmp_path: Path) -> Path:
    return tmp_path / "scanner"


@contextlib.contextmanager
def opened(link: Path) -> Iterator[serial.Serial]:
    with contextlib.closing(serial.Serial(str(link), timeout=TIMEOUT_S, exclusive=True)) as port:
        yield port


def line(port: serial.Serial, end: bytes = b"\r") -> str:
    received: bytes = port.read_until(end)
    assert received.endswith(end)
    return received.removesuffix(end).decode()


def test_codes_of_a_file_are_sent_whole_and_told_and_what_comes_back_is_spelled(
    link: Path, tmp_path: Path
) -> None:
    codes = tmp_path / "codes"
    codes.write_bytes(b"A1\r\n\n01\x1d02\nlast")
    options = ("--rate", "100", "--aim", "]Q1", "--prefix", "<", "--suffix", ">")
    with running("emulate", "serial", "--link", str(link), "--codes", str(codes), *options) as it:
        it.err_line(rf"serial scanner on /dev/pts/\d+ ready at {link}, Ctrl-C stops it")
        with opened(link) as port:
            assert [line(port) for _ in range(3)] == ["<]Q1A1>", "<]Q101\x1d02>", "<]Q1last>"]
            port.write(b"\x1b7,")
            it.err_line(r"was sent 1b 37 2c \(ESC 7 ,\)")
        ended = it.ended()
    assert ended.code == 0
    assert ended.out == "A1\n01\x1d02\nlast\n"
    assert "all is sent, codes: 3" in ended.err
    assert not link.is_symlink()


def test_a_seed_decides_the_codes_and_a_reader_may_come_and_go(link: Path) -> None:
    sent = []
    for _ in range(2):
        with with_stdin(link, "--seed", "7", "--framing", "crlf", "--count", "2") as process:
            assert process.stdin is not None
            until(process, "ready at")
            read = []
            for _ in range(2):
                with opened(link) as port:
                    process.stdin.write("\n")
                    process.stdin.flush()
                    read.append(line(port, b"\r\n"))
                until(process, "was closed")
            assert process.wait(TIMEOUT_S) == 0
        sent.append(read)
    assert sent[0] == sent[1]
    assert len(set(sent[0])) == 2


async def test_a_lasting_reader_gets_every_code_once_across_the_unplugging(link: Path) -> None:
    told: list[str] = []

    async def connect() -> Reader:
        reader = SerialReader(str(link), ManualClock())
        await reader.open()
        return reader

    reader = LastingReader(
        connect,
        kind="serial",
        repeat_window_s=0.5,
        on_lost=lambda _: told.append("lost"),
        on_back=lambda: told.append("back"),
    )
    options = ("--rate", "50", "--count", "6", "--unplug-after", "3", "--replug-after", "0.2")
    with running("emulate", "serial", "--link", str(link), *options) as it:
        await asyncio.to_thread(it.err_line, "ready at")
        await reader.open()
        read = [(await reader.read()).text for _ in range(6)]
        await reader.close()
        ended = await asyncio.to_thread(it.ended)
    assert ended.out.splitlines() == read
    assert told == ["lost", "back"]
    assert "is unplugged for 0.2 s" in ended.err
    assert "is plugged in again, on /dev/pts/" in ended.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("options", "code"), [((), 0), (("--count", "3"), 130)])
def test_it_ends_on_a_signal_and_says_whether_it_had_done_all(
    link: Path, number: signal.Signals, options: tuple[str, ...], code: int
) -> None:
    with running("emulate", "serial", "--link", str(link), "--rate", "5", *options) as it:
        it.err_line("ready at")
        it.send_signal(number)
        assert it.ended().code == code
    assert not link.is_symlink()


def with_stdin(link: Path, *options: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*COMMAND, "emulate", "serial", "--link", str(link), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def until(process: "subprocess.Popen[str]", words: str) -> None:
    """Wait for a line on stderr with these words."""
    assert process.stderr is not None
    while words not in (told := process.stderr.readline()):
        assert told, f"it ended without a word of {words!r}"


@pytest.mark.parametrize(
    ("options", "typed", "sent"),
    [
        (("--codes", "-"), "A1\n\nB2\nlast", "A1\nB2\nlast\n"),
        (("--codes", "-", "--rate", "100"), "A1\nB2\n", "A1\nB2\n"),
        (("--codes", "{codes}"), "\n\n", "A1\nB2\n"),
        (("--codes", "{codes}", "--rate", "0"), "go\n\n\n\n\n", "A1\nB2\nC3\n"),
    ],
)
def test_lines_on_stdin_are_codes_or_have_the_next_code_sent(
    link: Path, tmp_path: Path, options: tuple[str, ...], typed: str, sent: str
) -> None:
    codes = tmp_path / "codes"
    codes.write_text("A1\nB2\nC3\n", encoding="utf-8")
    with with_stdin(link, *(option.format(codes=codes) for option in options)) as process:
        assert process.stdin is not None
        until(process, "ready at")
        with opened(link) as port:
            process.stdin.write(typed)
            process.stdin.close()
            assert "".join(line(port) + "\n" for _ in sent.splitlines()) == sent
            assert process.stdout is not None
            assert process.stdout.read() == sent
        assert process.wait(TIMEOUT_S) == 0


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--link", "{folder}"), "exists already (a directory) and is left alone"),
        (("--link", "{folder}/no/such"), "cannot make the link"),
        (("--codes", "{folder}/none"), "cannot read the codes in"),
        (("--codes", "{folder}/empty"), "there is no code in"),
        (("--aim", "Q1"), "'Q1' is no AIM identifier"),
        (("--framing", "bel"), "'bel' is not one of 'cr'"),
        (("--unplug-after", "3"), "--unplug-after and --replug-after belong together"),
        (("--rate", "-1"), "--rate"),
        (("--count", "0"), "--count"),
    ],
)
def test_wrong_use_is_told_in_one_line(
    tmp_path: Path, options: tuple[str, ...], complaint: str
) -> None:
    (tmp_path / "empty").write_text("\n\n", encoding="utf-8")
    given = [option.format(folder=tmp_path) for option in options]
    default = [] if "--link" in given else ["--link", str(tmp_path / "scanner")]
    ended = gatedrill("emulate", "serial", *default, *given)
    assert ended.code == 2
    assert complaint in ended.err_lines[-1]
    assert ended.out == ""
    assert not (tmp_path / "scanner").is_symlink()


def test_without_a_command_it_says_which_there_are() -> None:
    ended = gatedrill("emulate")
    assert ended.code == 2
    assert "serial  " in ended.out
