"""Log lines: for people, for machines, and without secrets."""

import json
import logging
from collections.abc import Iterator

import pytest

from gatedrill.cli import logs
from gatedrill.cli.logs import LogLevel, log_with, never_log, set_up_logging, tell

logger = logging.getLogger("gatedrill.test")


@pytest.fixture(autouse=True)
def untouched_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Puts back what `set_up_logging` changes for the whole process."""
    monkeypatch.setattr(logs, "_redactor", logs._Redactor())
    monkeypatch.setattr(logs, "_everywhere", {})
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    quietened = {name: logging.getLogger(name).level for name in ("httpx", "httpcore", "asyncio")}
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in quietened.items():
        logging.getLogger(name).setLevel(before)


def test_a_line_for_people_has_level_context_and_logger(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logging(LogLevel.INFO, as_json=False, run="run-1")
    logging.LoggerAdapter(logger, {"device": "gate-01"}).info("scanned %s", "x")
    line = capsys.readouterr().err
    assert "info    run=run-1 device=gate-01 gatedrill.test: scanned x\n" in line


def test_a_line_for_machines_has_the_same_as_fields(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogLevel.INFO, as_json=True, run="run-1")
    log_with(fleet="gate")
    logging.LoggerAdapter(logger, {"device": "gate-01"}).warning("two\nlines")
    [line] = capsys.readouterr().err.splitlines()
    fields = json.loads(line)
    assert fields.pop("time")
    assert fields == {
        "level": "warning",
        "logger": "gatedrill.test",
        "run": "run-1",
        "fleet": "gate",
        "device": "gate-01",
        "message": "two\nlines",
    }


def test_a_line_s_own_run_wins_over_the_run_of_the_process(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logging(LogLevel.INFO, as_json=True, run="run-1")
    logging.LoggerAdapter(logger, {"run": "run-2"}).info("other")
    assert json.loads(capsys.readouterr().err)["run"] == "run-2"


@pytest.mark.parametrize("as_json", [False, True])
def test_a_secret_is_blotted_out_wherever_it_stands(
    as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging(LogLevel.INFO, as_json=as_json)
    never_log("open-sesame", None, "")
    refused = ValueError("header open-sesame refused")
    logger.error("failed with %s", "open-sesame", exc_info=refused)
    written = capsys.readouterr().err
    assert "open-sesame" not in written
    assert written.count("***") >= 2


def test_what_is_told_is_seen_at_every_level(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogLevel.ERROR, as_json=False)
    logger.warning("not shown")
    tell("gatedrill: ready")
    assert capsys.readouterr().err == "gatedrill: ready\n"


def test_what_is_told_to_machines_is_json_and_without_secrets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logging(LogLevel.ERROR, as_json=True, run="run-1")
    never_log("open-sesame")
    tell("100% of open-sesame")
    fields = json.loads(capsys.readouterr().err)
    assert (fields["run"], fields["message"]) == ("run-1", "100% of ***")


@pytest.mark.parametrize(("level", "shown"), [(LogLevel.INFO, False), (LogLevel.DEBUG, True)])
def test_every_request_is_logged_for_debugging_only(
    level: LogLevel, shown: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging(level, as_json=False)
    logging.getLogger("httpx").info("HTTP Request: GET")
    assert ("HTTP Request" in capsys.readouterr().err) is shown
