"""Processes that are started alike find out which device each of them is."""

import subprocess
import sys
from pathlib import Path

import pytest

from gatedrill.cli.free_place import take_first_free
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import DeviceInfo

GATES = tuple(DeviceInfo(f"gate-{number}", "camera", 1.0) for number in (1, 2, 3))


TAKE_AND_STAY = """
import signal, sys
from pathlib import Path
from gatedrill.cli.free_place import take_first_free
from gatedrill.contract.messages import DeviceInfo
print(take_first_free([DeviceInfo("gate-1", "camera", 1.0)], Path(sys.argv[1])), flush=True)
signal.pause()
"""


def test_each_takes_another_device_and_one_too_many_is_told(tmp_path: Path) -> None:
    assert [take_first_free(GATES, tmp_path) for _ in GATES] == ["gate-1", "gate-2", "gate-3"]
    with pytest.raises(UsageError, match=r"every device in .* has a process already"):
        take_first_free(GATES, tmp_path)


def test_the_device_of_a_process_that_is_killed_is_free_again(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", TAKE_AND_STAY, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as other:
        try:
            assert other.stdout is not None
            assert "gate-1" in other.stdout.readline()
            assert take_first_free(GATES, tmp_path) == "gate-2"
        finally:
            other.kill()
    assert take_first_free(GATES, tmp_path) == "gate-1"


def test_a_folder_that_cannot_be_used_is_the_users_to_mend(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(UsageError, match=f"--data {file}/gates: cannot be used"):
        take_first_free(GATES, file / "gates")
