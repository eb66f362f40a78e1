"""What is imported when: a command loads no more than it needs, and says what it misses."""

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from checkout import CHECKOUT, pyproject

# What the extras bring.
HEAVY = {"aiosqlite", "amqtt", "asyncpg", "cv2", "httptools", "numpy"}
HEAVY |= {"pyzbar", "serial", "starlette", "uvicorn", "zxingcpp"}
HEAVY |= {"evdev", "fpdf", "hid", "hidraw", "segno"}
USERS_VARIABLES = ("GATEDRILL_", "SUPABASE_", "TEST_", "RACE_")

NOWHERE = ("--broker", "mqtt://[::1]:1", "--target", "http://[::1]")

# Python runs this at its start, in the command and in every process that it starts.
HIDE = """
import os, sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in os.environ["HIDDEN"].split():
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
"""
NO_MOSQUITTO = """
import gatedrill.broker.mosquitto
gatedrill.broker.mosquitto.find_mosquitto = lambda: None
"""


def run_gatedrill(
    folder: Path, *arguments: str, hidden: Iterable[str] = (), also: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the command as on a machine without these packages; `also` runs before it."""
    (folder / "sitecustomize.py").write_text(HIDE + also)
    variables = {
        name: value for name, value in os.environ.items() if not name.startswith(USERS_VARIABLES)
    }
    variables["PYTHONPATH"] = str(folder)
    variables["HIDDEN"] = " ".join(hidden)
    variables["SUPABASE_SERVICE_ROLE_KEY"] = "key"
    return subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "gatedrill.cli", *arguments],
        env=variables,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def imported_packages(stderr: str) -> set[str]:
    """Top-level packages in the protocol that `-X importtime` writes."""
    names = re.findall(r"^import time:.*\| +(\S+)$", stderr, re.MULTILINE)
    return {name.partition(".")[0] for name in names}


def said(stderr: str) -> list[str]:
    """What the command itself wrote to stderr."""
    return [line for line in stderr.splitlines() if not line.startswith("import time:")]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--version",),
        ("--help",),
        ("scenarios",),
        ("run", "--help"),
        ("fleet", "--help"),
        ("device", "--help"),
        ("hardware", "--help"),
        ("tickets", "--help"),
        ("drill", "--help"),
        ("doctor", "--help"),
        ("schema",),
        ("selftest", "--help"),
        ("run", "--dry-run"),
    ],
)
def test_a_light_command_imports_nothing_heavy_and_needs_no_extra(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    finished = run_gatedrill(tmp_path, *arguments)
    assert (finished.returncode, said(finished.stderr)) == (0, [])
    assert "typer" in imported_packages(finished.stderr)
    assert imported_packages(finished.stderr) & HEAVY == set()  # so it runs where none is installed


def test_a_heavy_import_would_be_seen(tmp_path: Path) -> None:
    finished = run_gatedrill(tmp_path, "--version", also="import numpy")
    assert imported_packages(finished.stderr) & HEAVY == {"numpy"}


@pytest.mark.parametrize(
    ("missing", "arguments", "extra"),
    [
        ("cv2", ("fleet", *NOWHERE), "devices"),
        ("serial", ("fleet", *NOWHERE), "devices"),
        ("zxingcpp", ("fleet", *NOWHERE), "devices"),
        ("aiosqlite", ("queue", "gate-01.db"), "devices"),
        ("cv2", ("run",), "devices"),
        ("cv2", ("device", "--name", "a", "--serial", "auto"), "devices"),
        ("serial", ("device", "--name", "a", "--serial", "auto", *NOWHERE), "devices"),
        ("serial", ("hardware",), "devices"),
        ("segno", ("tickets",), "print"),
        ("fpdf", ("tickets",), "print"),
        ("starlette", ("backend",), "backend"),
        ("uvicorn", ("backend",), "backend"),
        ("aiosqlite", ("backend",), "backend"),
        ("httptools", ("backend",), "backend"),
        ("asyncpg", ("backend", "--port", "0", "--store", "postgresql://[::1]:1/x"), "postgres"),
        ("starlette", ("selftest", "--scenario", "race"), "backend"),
        ("cv2", ("selftest", "--scenario", "race"), "devices"),
        ("amqtt", ("broker",), "embedded-broker"),
        ("amqtt", ("broker", "--kind", "embedded"), "embedded-broker"),
        ("pyzbar", ("fleet", "--decoder", "zbar", *NOWHERE), "zbar"),
    ],
)
def test_a_command_without_its_extra_says_in_one_line_which_to_install(
    tmp_path: Path, missing: str, arguments: tuple[str, ...], extra: str
) -> None:
    finished = run_gatedrill(tmp_path, *arguments, hidden=[missing], also=NO_MOSQUITTO)
    assert finished.returncode == 2
    assert finished.stdout == ""
    (line,) = said(finished.stderr)
    assert f"gatedrill[{extra}]" in line
    assert missing in line


def test_every_extra_is_documented() -> None:
    documents = [CHECKOUT / "README.md", *CHECKOUT.glob("docs/*.md")]
    text = "\n".join(document.read_text(encoding="utf-8") for document in documents)
    extras = pyproject()["project"]["optional-dependencies"]
    assert [extra for extra in extras if f"gatedrill[{extra}]" not in text] == []
