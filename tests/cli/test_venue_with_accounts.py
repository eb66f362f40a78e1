"""A whole venue at a broker that lets nobody in without an account."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from accounts_broker import AccountsBroker, accounts_broker
from command import gatedrill, running
from runs import only_folder, outcomes, result
from venue_processes import KEY, Service, running_service


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccountsBroker]:
    with accounts_broker(tmp_path_factory.mktemp("accounts"), "north") as process:
        yield process


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service() as process:
        yield process


def account(broker: AccountsBroker, user: str, folder: Path) -> dict[str, str]:
    """The environment of whoever has this account, its secrets in files."""
    secrets = {
        "GATEDRILL_BROKER_PASSWORD": broker.passwords[user],
        "SUPABASE_SERVICE_ROLE_KEY": KEY,
    }
    for name, secret in secrets.items():
        (folder / f"{user}-{name}").write_text(f"{secret}\n")
    return {
        "GATEDRILL_BROKER": broker.url,
        "GATEDRILL_BROKER_USER": user,
        **{f"{name}_FILE": str(folder / f"{user}-{name}") for name in secrets},
    }


def test_gates_with_either_account_race_each_other(
    broker: AccountsBroker, service: Service, duel: str, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        fleets = [
            stack.enter_context(
                running(
                    *("fleet", "--count", "1", "--name-prefix", name, "--target", service.url),
                    **account(broker, user, tmp_path),
                )
            )
            for name, user in (("north", "north"), ("gate", "device"))
        ]
        for fleet in fleets:
            fleet.err_line(" ready at the broker, ")
        out = tmp_path / "drills"
        conductor = account(broker, "conductor", tmp_path)
        ended = gatedrill("run", duel, "--out", str(out), "--log-level", "debug", **conductor)
    assert ended.code == 0, ended.err
    folder = only_folder(out)
    assert outcomes(folder) == {"admitted": 1, "refused": 1}
    assert result(folder).broker == broker.url
    written = "".join(file.read_text() for file in out.rglob("*") if file.is_file())
    for secret in (broker.passwords["conductor"], KEY):
        assert secret not in ended.out + ended.err + written


def test_a_wrong_password_ends_with_five_and_one_line(
    broker: AccountsBroker, tmp_path: Path
) -> None:
    variables = account(broker, "conductor", tmp_path)
    Path(variables["GATEDRILL_BROKER_PASSWORD_FILE"]).write_text("hush-hush")
    ended = gatedrill("roster", **variables)
    assert (ended.code, ended.out) == (5, "")
    [line] = ended.err_lines
    assert "refuses the credentials of the user conductor" in line
    assert "hush-hush" not in line
