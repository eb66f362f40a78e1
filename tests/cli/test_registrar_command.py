import json
import os
import subprocess
from pathlib import Path

from broker_process import running_broker
from command import COMMAND, environment, gatedrill, running


def test_it_needs_a_broker_and_takes_it_from_the_environment() -> None:
    missing = gatedrill("registrar")
    assert missing.code == 2
    assert missing.err_lines == ["gatedrill: --broker is missing: give it, or set GATEDRILL_BROKER"]
    absent = gatedrill("registrar", GATEDRILL_BROKER="mqtt://127.0.0.1:1")
    assert absent.code == 5
    assert "cannot reach the broker at mqtt://127.0.0.1:1" in absent.err


def test_a_fault_that_there_is_not_is_refused_and_those_that_are_are_named() -> None:
    ended = gatedrill("registrar", "--broker", "mqtt://127.0.0.1:1", "--fault", "no-such")
    assert ended.code == 2
    assert (
        "there is no fault 'no-such' of a registrar: choose from registrar-forgets, " in ended.err
    )


def test_it_keeps_its_file_and_says_its_id_and_leaves_no_temporary_one(tmp_path: Path) -> None:
    file = tmp_path / "registrar.sqlite3"
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with running_broker("mosquitto") as broker:
        ids = []
        for _ in range(2):
            arguments = ("registrar", "--broker", broker.url, "--file", str(file))
            with running(*arguments) as command:
                ids.append(command.err_line(r"registrar (\w+) ready at the broker")[1])
                command.process.terminate()
                assert command.ended().code == 0
        with running("registrar", "--broker", broker.url, TMPDIR=str(scratch)) as command:
            command.err_line("ready at the broker")
            assert len(list(scratch.iterdir())) == 1
            command.process.terminate()
            assert command.ended().code == 0
    assert ids[0] == ids[1]
    assert file.exists()
    assert list(scratch.iterdir()) == []


def test_supervised_it_says_that_it_is_ready_and_ends_with_its_standard_input() -> None:
    with running_broker("mosquitto") as broker:
        arguments = ("registrar", "--broker", broker.url, "--fault", "registrar-forgets")
        with subprocess.Popen(
            [*COMMAND, *arguments, "--supervised", "run-1"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
        ) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            word = json.loads(process.stdout.readline())
            process.stdin.close()
            assert process.wait(60) == os.EX_OK
    assert word["child"] == "ready"
    assert word["what"].endswith(", fault registrar-forgets")
