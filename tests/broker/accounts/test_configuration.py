"""The configurations that we ship are ones that Mosquitto takes, and close what they should."""

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import aiomqtt
import pytest
from accounts_broker import make_accounts, running_mosquitto
from checkout import CHECKOUT
from services import require

from gatedrill.broker.accounts.health import HEALTH_OPTIONS, health_options, password_in
from gatedrill.broker.address import complete
from gatedrill.broker.bus import Bus
from gatedrill.broker.certificates.venue_certificates import make_certificates
from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.contract.messages import Fire
from gatedrill.contract.topics import FIRE

CONFIGURATIONS = ("mosquitto.conf", "mosquitto-tls.conf")


def settings(configuration: str) -> list[str]:
    text = (CHECKOUT / "broker" / configuration).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
async def test_the_healthcheck_is_told_that_the_broker_serves(
    configuration: str, tmp_path: Path
) -> None:
    password = make_accounts(tmp_path)["health"]
    options = health_options(password)
    (tmp_path / HEALTH_OPTIONS).write_text(options)
    make_certificates(tmp_path, ["broker"], datetime.now(UTC))
    topic = re.findall(r"(?m)^-t (.+)$", options)[0]
    with running_mosquitto(configuration, tmp_path, tmp_path) as (_, ports):
        client = aiomqtt.Client(
            "127.0.0.1", ports[0], username="health", password=password_in(options)
        )
        async with client:
            await client.subscribe(topic)
            message = await anext(client.messages)
    assert message.retain
    assert b"seconds" in bytes(message.payload)


def test_mosquitto_sub_finds_its_account_in_the_file(tmp_path: Path) -> None:
    program = shutil.which("mosquitto_sub")
    require(program is not None, "the program mosquitto_sub")
    (tmp_path / HEALTH_OPTIONS).write_text(health_options(make_accounts(tmp_path)["health"]))
    with running_mosquitto("mosquitto.conf", tmp_path) as (_, [port]):
        command = [str(program), "-h", "127.0.0.1", "-p", str(port)]
        codes = [
            subprocess.run(command, env=os.environ | more, capture_output=True, check=False)
            for more in (
                {"XDG_CONFIG_HOME": str(tmp_path)},
                {"XDG_CONFIG_HOME": str(tmp_path / "x")},
            )
        ]
    assert [ended.returncode == 0 for ended in codes] == [True, False]
    assert b"seconds" in codes[0].stdout


def test_options_without_a_password_are_told_with_the_cure() -> None:
    with pytest.raises(UsageError, match="remove it, and it is made anew"):
        password_in("-u health\n")


async def test_over_tls_the_broker_is_known_by_the_venue_s_own_ca(tmp_path: Path) -> None:
    venue, elsewhere = tmp_path / "venue", tmp_path / "elsewhere"
    for folder in (venue, elsewhere):
        make_certificates(folder, ["broker"], datetime.now(UTC))
    password = make_accounts(tmp_path)["conductor"]
    with running_mosquitto("mosquitto-tls.conf", tmp_path, venue) as (_, ports):
        url = f"mqtts://localhost:{ports[1]}"
        conductor = {"username": "conductor", "password": password}
        trusting = complete(url, ca=str(venue / "ca.pem"), **conductor)
        async with Bus(trusting, "run-1") as bus:
            await bus.publish(FIRE, Fire("s1", 1), run="r1")
        for ca in (None, str(elsewhere / "ca.pem")):
            with pytest.raises(PeerError, match=r"certificate.*; if it is its own, name the file"):
                async with Bus(complete(url, ca=ca, **conductor), "run-1"):
                    pass
        with pytest.raises(UsageError, match=r"the broker's CA, .*none.pem, cannot be used: No su"):
            async with Bus(complete(url, ca=str(tmp_path / "none.pem"), **conductor), "run-1"):
                pass


def test_what_others_reach_is_encrypted_where_that_is_promised() -> None:
    assert settings("mosquitto-tls.conf")[0] == "listener 1883 127.0.0.1"
    listeners = [line for line in settings("mosquitto-tls.conf") if line.startswith("listener")]
    assert listeners[1:] == ["listener 8883"]


def test_both_say_the_same_of_all_but_their_listeners() -> None:
    plain, tls = (settings(configuration) for configuration in CONFIGURATIONS)
    about_listeners = re.compile("listener|certfile|keyfile|tls_version")
    assert [each for each in tls if not about_listeners.match(each)] == plain[1:]
    assert "allow_anonymous false" in plain
