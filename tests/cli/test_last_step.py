"""How a process ends, seen from outside."""

import subprocess
import sys

import pytest
from command import environment

from gatedrill.cli.exits import OUR_FAULT

PROCESS = """
import atexit, threading, time
from gatedrill.cli.last_step import LastStep

class Loud:
    def __del__(self):
        print("taken apart")

last_step = LastStep()
loud = Loud()
said = threading.Event()
atexit.register(lambda: print("registered later", said.is_set()))

def work():
    time.sleep(0.1)
    said.set()

threading.Thread(target=work).start()
print("said", end=" ")
"""


@pytest.mark.parametrize(
    ("how", "code"), [("last_step.code = 4", 4), ("", OUR_FAULT), ("raise SystemExit(0)", 70)]
)
def test_what_is_to_happen_at_the_end_happens_and_then_nothing_more(how: str, code: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROCESS + how],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (
        code,
        "said registered later True\n",
        "",
    )


def test_nobody_who_reads_changes_nothing() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", f"{PROCESS}\nimport sys\nlast_step.code = 3\nsys.stdin.readline()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(PYTHONUNBUFFERED=""),  # what it says waits for its end
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.write("go on\n")
        process.stdin.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 3
