"""A process of ours loads what it uses."""

import subprocess
import sys

from command import environment

LOADS = """
import sys
from gatedrill.cli.lean_libraries import keep_libraries_lean
keep_libraries_lean()
import httpx, rich.console, typer
import numpy
from pathlib import Path
print({"pygments", "rich.progress", "rich.markdown"} & sys.modules.keys())
print(len(list(Path("/proc/self/task").iterdir())))
print(httpx.get.__name__)
"""


def test_httpx_has_no_command_line_and_numpy_no_threads() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LOADS],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ended.stdout.splitlines() == ["set()", "1", "get"]
