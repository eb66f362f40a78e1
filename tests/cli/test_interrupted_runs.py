"""A run that is told to stop, or that is killed: what it leaves, and what it leaves behind."""

import signal
from pathlib import Path

import pytest
from command import running
from runs import attempt_count, await_first_attempt, result

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("number", SIGNALS)
def test_an_interrupted_stream_is_judged_as_far_as_it_came(
    number: signal.Signals, stroll: str, tmp_path: Path
) -> None:
    with running("run", stroll, "--out", str(tmp_path)) as command:
        folder = await_first_attempt(tmp_path)
        command.send_signal(number)
        ended = command.ended()
    assert (ended.code, ended.left_running) == (130, {})
    assert ended.err_lines[-1] == "gatedrill: interrupted"
    assert "the run was cut short: interrupted" in ended.out
    assert result(folder).cut_short == "interrupted"
    assert result(folder).exit_code == 4
    assert result(folder).silent == ()  # its parts were there to the end
    assert result(folder).counters.attempts == attempt_count(folder) > 0


@pytest.mark.parametrize(
    ("number", "part"),
    [(signal.SIGINT, "broker"), (signal.SIGTERM, "backend"), (signal.SIGINT, "fleet")],
)
def test_an_interrupted_start_leaves_nothing_running(
    number: signal.Signals, part: str, stroll: str, tmp_path: Path
) -> None:
    with running("run", stroll, "--out", str(tmp_path)) as command:
        command.part(part)
        command.send_signal(number)
        ended = command.ended()
    assert (ended.code, ended.left_running) == (130, {})
    assert ended.err_lines[-1] == "gatedrill: interrupted"


def test_the_parts_of_a_killed_run_end_by_themselves(stroll: str, tmp_path: Path) -> None:
    with running("run", stroll, "--out", str(tmp_path)) as command:
        await_first_attempt(tmp_path)
        assert len(command.family()) >= 4
        command.send_signal(signal.SIGKILL)
        command.await_family_end()


@pytest.mark.parametrize("number", SIGNALS)
def test_a_part_started_by_hand_stops_when_told(number: signal.Signals) -> None:
    with running("broker", "--port", "0") as command:
        command.err_line(r"ready at mqtt://127\.0\.0\.1:\d+, Ctrl-C stops it")
        command.send_signal(number)
        ended = command.ended()
    assert (ended.code, ended.left_running) == (0, {})
