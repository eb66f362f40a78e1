"""Secrets that are given as files, and that no log shows."""

from pathlib import Path

import pytest
from own_command_line import OwnCommandLine

from gatedrill.cli.environment import SECRETS, read_environment
from gatedrill.cli.logs import _redactor
from gatedrill.cli.secret_variables import take_secrets
from gatedrill.contract.errors import UsageError

NAME = "GATEDRILL_BROKER_PASSWORD"


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
@pytest.mark.parametrize("before", [{}, "empty"])
def test_a_variable_that_is_not_set_is_what_its_file_holds(
    tmp_path: Path, name: str, ending: str, before: object
) -> None:
    file = tmp_path / "secret"
    file.write_bytes(f"open sesame{ending}".encode())
    variables = {f"{name}_FILE": str(file), **({name: ""} if before else {})}
    take_secrets(variables)
    assert variables == {name: "open sesame"}


def test_one_line_break_is_taken_off_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(" a\n\n")
    variables = {f"{NAME}_FILE": str(tmp_path / "secret")}
    take_secrets(variables)
    assert variables == {NAME: " a\n"}


def test_a_variable_that_is_set_wins_and_its_file_is_not_even_read() -> None:
    variables = {NAME: "open sesame", f"{NAME}_FILE": "/nowhere"}
    take_secrets(variables)
    assert variables == {NAME: "open sesame"}


@pytest.mark.parametrize("file", ["", None])
def test_without_a_file_nothing_changes(file: str | None) -> None:
    variables = {} if file is None else {f"{NAME}_FILE": file}
    take_secrets(variables)
    assert variables == {}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(
    ("content", "match"),
    [
        (None, "cannot be read: No such file"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"sesame\xff", "is no text"),
        (b"sesame\0", "is no text"),
    ],
)
def test_a_file_of_no_use_is_told_to_who_reads_it_with_its_variable_and_not_its_content(
    tmp_path: Path, content: bytes | None, match: str, name: str
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    variables = {f"{name}_FILE": str(file)}
    take_secrets(variables)
    with pytest.raises(UsageError, match=rf"^{name}_FILE: {file} {match}") as failure:
        read_environment(variables)
    assert "sesame" not in str(failure.value)


def test_the_file_of_a_secret_may_be_missing_where_nobody_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "device" / "broker-password"
    monkeypatch.setenv(f"{NAME}_FILE", str(file))
    call = OwnCommandLine(monkeypatch, capsys)
    assert call("scenarios") == 0
    assert (call("roster", "--broker", "mqtt://ann@127.0.0.1:1"), call.out) == (2, "")
    assert call.err == f"gatedrill: {NAME}_FILE: {file} cannot be read: No such file or directory\n"
    assert call("secrets", str(tmp_path)) == 0
    assert file.is_file()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *((name, "{raw}") for name in SECRETS if name != "GATEDRILL_STORE"),
        ("GATEDRILL_STORE", "postgresql://ann:{quoted}@host/venue"),
        ("GATEDRILL_BROKER", "mqtt://ann:{quoted}@host"),
    ],
)
def test_no_log_shows_a_secret_however_it_is_written(variable: str, value: str) -> None:
    # Each its own: what one has told the log stays there.
    raw, quoted = f"hush/{variable}", f"hush%2F{variable}"
    text = f"at mqtt://ann:{quoted}@host with {raw}"
    assert _redactor.clean(text) == text
    take_secrets({variable: value.format(raw=raw, quoted=quoted)})
    assert _redactor.clean(text) == "at mqtt://ann:***@host with ***"


def test_a_url_that_cannot_be_read_is_left_to_whoever_needs_it() -> None:
    take_secrets({"GATEDRILL_BROKER": "mqtt://[::1"})
