"""A broker that stands still keeps nobody who is told to stop."""

import json
import signal
from pathlib import Path

from command import gatedrill, wait_for
from real_gate import ScannerInHand, running_gate
from registrar_process import running_registrar
from venue_processes import running_broker, running_fleet, running_service


def test_parts_leave_before_they_can_tell_that_the_broker_is_silent(tmp_path: Path) -> None:
    with (
        running_broker() as (url, broker),
        running_service() as service,
        running_registrar(url, tmp_path / "registrar.sqlite3") as registrar,
        running_fleet(url, service, "--count", "2") as fleet,
        ScannerInHand(tmp_path / "scanner") as scanner,
        running_gate(url, service.url, "--serial", str(scanner.path)) as gate,
    ):
        broker.send_signal(signal.SIGSTOP)
        parts = (registrar, fleet, gate.command)
        for part in parts:
            part.send_signal(signal.SIGTERM)
        ended = [part.ended() for part in parts]
        broker.send_signal(signal.SIGCONT)

        wait_for(lambda: is_empty(url) or None, "the broker to read that they have left")
    assert [each.code for each in ended] == [0, 0, 0]
    assert not any("lost the broker" in each.err for each in ended)


def is_empty(url: str) -> bool:
    """Whether nobody is on the roster."""
    here = gatedrill("roster", "--broker", url, "--wait", "0.1", "--json")
    rows: list[object] = json.loads(here.out)
    return rows == []
