"""Who is at a venue, as a person and as a program read it."""

import asyncio
import json
from pathlib import Path

from broker_process import running_broker
from command import gatedrill, running, wait_for

from gatedrill.broker.bus import Bus
from gatedrill.contract.messages import PROTOCOL_VERSION
from gatedrill.contract.other_versions import PRESENCE_OF_ANY_VERSION, AnyPresence

KEY = {"SUPABASE_SERVICE_ROLE_KEY": "hush"}
"""What a fleet wants to have; nobody is asked here."""


def test_the_roster_names_devices_and_tells_how_those_stand_that_may_decide_by_themselves(
    tmp_path: Path,
) -> None:
    with running_broker("mosquitto") as broker:
        nobody = gatedrill("roster", "--broker", broker.url, "--wait", "0.3")
        assert (nobody.code, nobody.out) == (
            0,
            "nobody is here: start devices with gatedrill fleet\n",
        )

        fleet = ("fleet", "--count", "1", "--kiosks", "1", "--broker", broker.url)
        service = ("--target", "http://127.0.0.1:9", "--name-prefix", "hall")

        with running(*fleet, *service, "--data", str(tmp_path), **KEY):
            rows = wait_for(lambda: _rows(broker.url) or None, "the fleet")
            shown = gatedrill("roster", "--broker", broker.url)

    by_name = {row["device"]: row for row in rows}
    assert list(by_name) == ["hall-01", "hall-kiosk-01"]
    assert by_name["hall-01"]["authority"] == "online"
    assert by_name["hall-01"]["queued"] == 0
    assert by_name["hall-kiosk-01"]["authority"] is None
    assert "hall-kiosk-01" in shown.out
    assert "hush" not in shown.out + shown.err


def _rows(url: str) -> list[dict[str, object]]:
    ended = gatedrill("roster", "--broker", url, "--wait", "0.5", "--json")
    found: list[dict[str, object]] = json.loads(ended.out)
    return found


def test_without_a_broker_it_is_wrong_usage() -> None:
    ended = gatedrill("roster")
    assert (ended.code, "--broker is missing" in ended.err) == (2, True)


def test_a_fleet_of_another_version_is_told_beside_the_roster() -> None:
    with running_broker("mosquitto") as broker:
        asyncio.run(_come_from_the_past(broker.url))
        shown = gatedrill("roster", "--broker", broker.url, "--wait", "0.3", "--json")
    assert (shown.code, json.loads(shown.out)) == (0, [])
    assert shown.err == (
        "hall-2 on attic speaks protocol version 2, this gatedrill speaks "
        f"{PROTOCOL_VERSION}: install the same gatedrill on both\n"
    )


async def _come_from_the_past(url: str) -> None:
    levels = {"version": "v2", "fleet": "hall-2", "boot": "b1"}
    presence = AnyPresence("hall-2", "b1", "attic", 2)
    async with Bus(url, "from-the-past") as bus:
        await bus.publish(PRESENCE_OF_ANY_VERSION, presence, **levels)
