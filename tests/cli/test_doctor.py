"""`gatedrill doctor`: what it ends with, and what it never tells."""

import json
from pathlib import Path

from command import gatedrill, on_terminal


def test_a_machine_that_runs_these_tests_is_ready(tmp_path: Path) -> None:
    ended = gatedrill("doctor", cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[-1].startswith("ready for a drill")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_makes_it_not_ready() -> None:
    ended = gatedrill("doctor", "--out", "/proc/nowhere")
    assert ended.code == 4
    lines = ended.out.splitlines()
    (failed,) = [n for n, line in enumerate(lines) if "folder for runs" in line]
    assert lines[failed].startswith("fail  ")
    assert lines[failed + 1].startswith("      cure: choose another with --out")
    assert lines[-1].startswith("not ready: ")


def test_a_program_reads_the_same_and_no_secret(tmp_path: Path) -> None:
    ended = gatedrill(
        "doctor",
        "--json",
        cwd=tmp_path,
        GATEDRILL_BROKER="mqtt://ada:hunter2@127.0.0.1:9",
        SUPABASE_URL="http://127.0.0.1:9",
        SUPABASE_SERVICE_ROLE_KEY="a-secret-key",
    )
    told = json.loads(ended.out)
    failed = {check["name"] for check in told["checks"] if check["state"] == "fail"}
    assert (ended.code, told["ready"]) == (4, False)
    assert failed == {"venue's broker", "service"}
    assert all(set(check) == {"name", "state", "says", "cure"} for check in told["checks"])
    assert all(bool(check["cure"]) == (check["state"] != "ok") for check in told["checks"])
    assert not any(secret in ended.out + ended.err for secret in ("hunter2", "a-secret-key"))


def test_a_key_that_no_request_can_carry_is_a_finding_and_not_told(tmp_path: Path) -> None:
    ended = gatedrill("doctor", cwd=tmp_path, SUPABASE_SERVICE_ROLE_KEY="a secret key")
    assert ended.code == 4
    assert "fail  environment" in ended.out
    assert "a secret key" not in ended.out + ended.err


BARE = """
import os, sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("serial", "cv2", "numpy", "zxingcpp", "amqtt", "uvicorn"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
"""
"""Python runs this at its start: a machine without these packages."""


def test_without_any_extra_it_still_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(BARE)
    ended = gatedrill("doctor", "--out", str(tmp_path), PYTHONPATH=str(tmp_path))
    assert (ended.code, ended.err) == (4, "")
    failed = [line[6:24].strip() for line in ended.out.splitlines() if line.startswith("fail")]
    assert failed == ["extra devices", "extra backend", "decoder zxing"]
    assert "cure: pip install 'gatedrill[devices]'" in ended.out


def test_a_terminal_has_colours_and_no_line_is_broken(tmp_path: Path) -> None:
    code, text = on_terminal("doctor", "--out", str(tmp_path), columns=40)
    assert (code, "\x1b[32mok" in text) == (0, True)
    plain = on_terminal("doctor", "--out", str(tmp_path), columns=40, NO_COLOR="1")[1]
    assert "\x1b" not in plain
    assert len([line for line in plain.splitlines() if "decoder zxing" in line]) == 1


def test_a_wrong_option_is_wrong_usage() -> None:
    ended = gatedrill("doctor", "--jason")
    assert (ended.code, len(ended.err_lines)) == (2, 1)
