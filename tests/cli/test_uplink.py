"""The uplink as a part of a venue, each part a process of its own."""

import asyncio

import pytest
from command import gatedrill, running

from gatedrill.cli.child import Child
from gatedrill.cli.uplink_control import UplinkControl
from gatedrill.contract.errors import UsageError
from gatedrill.contract.uplink import UplinkFault, UplinkFaultKind

KEY = "hush-hush-uplink-key"
TARGET = "http://127.0.0.1:9"


def test_it_says_where_it_is_and_keeps_its_key_to_itself() -> None:
    arguments = ("uplink", "--port", "0", "--log-level", "debug")
    with running(*arguments, SUPABASE_URL=TARGET, GATEDRILL_UPLINK_KEY=KEY) as command:
        url = command.err_line(rf"uplink to {TARGET} ready at (http://127\.0\.0\.1:\d+), ")[1]
        asyncio.run(begin(url))
        command_lines = "\n".join(command.family().values())
        command.process.terminate()
        ended = command.ended()
    assert ended.code == 0
    assert KEY not in ended.err + ended.out + command_lines


async def begin(url: str) -> None:
    async with UplinkControl(url, KEY) as control:
        await control.begin(UplinkFault("f", UplinkFaultKind.DOWN))
        assert (await control.health()).faults == ("f",)


async def test_it_is_started_and_stopped_like_any_part() -> None:
    arguments = ("uplink", "--target", TARGET, "--port", "0")
    uplink = await Child.start("uplink", "run-1", arguments, {"GATEDRILL_UPLINK_KEY": KEY})
    assert uplink.what == f"uplink to {TARGET}"
    await begin(uplink.url)
    taken = ("uplink", "--target", TARGET, "--port", uplink.url.rpartition(":")[2])
    with pytest.raises(UsageError, match="is taken: choose another with --port"):
        await Child.start("uplink", "run-1", taken, {"GATEDRILL_UPLINK_KEY": KEY})
    await uplink.stop()


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        (("uplink", "--target", TARGET), {}, "set GATEDRILL_UPLINK_KEY"),
        (("uplink",), {"GATEDRILL_UPLINK_KEY": KEY}, "--target is missing"),
        (
            ("uplink", "--target", "https://example.org"),
            {"GATEDRILL_UPLINK_KEY": KEY},
            "add --allow-target example.org",
        ),
        (
            ("fleet", "--broker", "mqtt://[::1]:1", "--target", TARGET, "--uplink", "nowhere"),
            {"SUPABASE_SERVICE_ROLE_KEY": "key"},
            "the uplink's URL is none: write http://host:port",
        ),
    ],
)
def test_what_is_missing_or_wrong_is_told_in_one_line(
    arguments: tuple[str, ...], variables: dict[str, str], said: str
) -> None:
    ended = gatedrill(*arguments, **variables)
    assert (ended.code, ended.out) == (2, "")
    (line,) = ended.err_lines
    assert said in line
