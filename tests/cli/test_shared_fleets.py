"""Two processes that share the devices of one venue."""

from pathlib import Path

from command import gatedrill
from runs import only_folder, outcomes, plan
from venue_processes import KEY, running_broker, running_fleet, running_service


def test_fleets_with_a_share_each_are_one_venue(duel: str, tmp_path: Path) -> None:
    whole = ("--count", "5", "--kiosks", "1")
    with (
        running_broker() as (broker, _),
        running_service() as service,
        running_fleet(broker, service, *whole, "--share", "1/2") as first,
        running_fleet(broker, service, *whole, "--share", "2/2") as second,
    ):
        ended = gatedrill(
            *("run", duel, "--devices", "5", "--broker", broker, "--out", str(tmp_path)),
            SUPABASE_SERVICE_ROLE_KEY=KEY,
        )
        first.err_line("2 emulated cameras, 1 emulated serial scanners, 1 kiosks ready")
        second.err_line("1 emulated cameras, 1 emulated serial scanners ready")
    assert ended.code == 0, ended.out + ended.err
    assert outcomes(only_folder(tmp_path)) == {"admitted": 1, "refused": 4}
    assert [device.name for device in plan(only_folder(tmp_path)).devices] == [
        f"gate-0{number}" for number in range(1, 6)
    ]


def test_a_share_that_cannot_be_is_a_line_and_a_wrong_usage() -> None:
    address = ("--broker", "mqtt://127.0.0.1:1", "--target", "http://127.0.0.1:1")
    ended = gatedrill("fleet", *address, "--share", "3/2", SUPABASE_SERVICE_ROLE_KEY=KEY)
    assert ended.code == 2
    assert ended.err_lines == [
        "gatedrill: --share 3/2: use a number and a count, from 1/1 on, like 2/4"
    ]
