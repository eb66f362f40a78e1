"""A part as a process of its own: what it says, what it fails to say, and how it ends."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gatedrill.cli import child
from gatedrill.cli.child import Child
from gatedrill.contract.errors import GatedrillError, PeerError, UsageError

READY = """printf '{"child":"ready","url":"mqtt://x","what":"a stand-in"}\\n'"""
UNTIL_CLOSED = "cat >/dev/null"

StandIn = Callable[..., Path]


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Makes every child a script of these lines; its process id is in the file that is returned."""

    def make(*lines: str) -> Path:
        pid_file = tmp_path / "pid"
        script = tmp_path / "stand-in"
        script.write_text("\n".join(["#!/bin/sh", f"echo $$ >{pid_file}", *lines]) + "\n")
        script.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(script))
        return pid_file

    return make


async def start() -> Child:
    return await Child.start("stand-in", "run-1", ["part", "--port", "0"], os.environ)


def assert_gone(pid_file: Path) -> None:
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


async def test_a_child_that_says_it_is_ready_is_stopped_by_closing_its_stdin(
    stand_in: StandIn, tmp_path: Path
) -> None:
    told = tmp_path / "arguments"
    pid_file = stand_in(f'echo "$@" >{told}', READY, UNTIL_CLOSED)
    started = await start()
    assert (started.name, started.url, started.what) == ("stand-in", "mqtt://x", "a stand-in")
    assert started.pid == int(pid_file.read_text())
    assert told.read_text() == "-m gatedrill.cli part --port 0 --supervised run-1\n"
    await started.stop()
    assert_gone(pid_file)


@pytest.mark.parametrize(("code", "kind"), [(2, UsageError), (5, PeerError)])
async def test_what_a_child_says_is_wrong_is_raised_as_its_kind(
    stand_in: StandIn, code: int, kind: type[GatedrillError]
) -> None:
    word = f'{{"child":"failed","message":"port 1 is taken","exit_code":{code}}}'
    pid_file = stand_in(f"echo '{word}'", f"exit {code}")
    with pytest.raises(kind, match=r"^port 1 is taken$"):
        await start()
    assert_gone(pid_file)


async def test_a_child_that_ends_without_a_word_is_named_with_its_exit_code(
    stand_in: StandIn,
) -> None:
    stand_in("exit 7")
    with pytest.raises(PeerError, match=r"the stand-in never said that it is ready, .* code 7"):
        await start()


async def test_a_child_that_says_something_else_is_ended_and_not_waited_for(
    stand_in: StandIn,
) -> None:
    pid_file = stand_in("echo hello", UNTIL_CLOSED)
    with pytest.raises(PeerError, match="the stand-in never said that it is ready"):
        await start()
    assert_gone(pid_file)


async def test_a_child_that_hangs_is_ended_after_a_while(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "READY_TIMEOUT_S", 0.3)
    pid_file = stand_in(UNTIL_CLOSED)
    with pytest.raises(PeerError, match=r"the stand-in was not ready within 0\.3 s"):
        await start()
    assert_gone(pid_file)


async def test_a_child_that_does_not_stop_is_killed(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "_STOP_TIMEOUT_S", 0.1)
    pid_file = stand_in(READY, "exec sleep 600")
    started = await start()
    await started.stop()
    assert_gone(pid_file)


async def test_a_child_that_has_ended_by_itself_can_be_stopped_all_the_same(
    stand_in: StandIn,
) -> None:
    pid_file = stand_in(READY, UNTIL_CLOSED)
    started = await start()
    os.kill(started.pid, signal.SIGKILL)
    await started.stop()
    await started.stop()
    assert_gone(pid_file)
