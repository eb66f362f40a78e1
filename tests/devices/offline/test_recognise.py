"""How a device knows its own scan again where no nonce tells."""

import msgspec
import pytest
from device_files import GATE, NOON_NS

from gatedrill.contract.messages import QueueState
from gatedrill.contract.outcome import Authority, OutcomeKind
from gatedrill.contract.service import SyncRow
from gatedrill.devices.offline.journal_rows import JournaledScan
from gatedrill.devices.offline.recognise import is_own_win
from gatedrill.devices.offline.service_time import Corrected, instant_text

SECOND = 1_000_000_000
SCAN = JournaledScan(
    id=1,
    nonce="n",
    attempt="",
    edition="e",
    run="",
    boot="b",
    symbol="s",
    ticket="t",
    kind="ticket",
    asked_for=None,
    began_ns=0,
    state=QueueState.SYNCING,
    outcome=OutcomeKind.ADMITTED,
    reason=None,
    authority=Authority.OFFLINE,
    decided_ns=2 * SECOND,
    of_day_ns=NOON_NS,
    offset_ns=0,
    bound_ns=None,
    tries=1,
    refusals=0,
    error=None,
    settled_ns=None,
    settled_boot=None,
    winner_device=None,
    winner_time=None,
    flag=None,
    recognised=False,
)


def winner(after_s: float, device: str | None = GATE) -> SyncRow:
    """A conflict with a scan so long after the decision."""
    at = instant_text(NOON_NS + round(after_s * SECOND))
    return SyncRow(success=False, conflict_resolved=True, winner_device=device, winner_time=at)


@pytest.mark.parametrize(
    ("after_s", "bound_ms", "is_own"),
    [
        (0, 0, True),
        (0.0005, 0, True),
        (0.002, 0, False),
        (0.002, 2, True),
        (-1, 0, True),
        (-2, 0, True),
        (-2.002, 0, False),
        (-2.002, 2, True),
        (600, 500, False),
        (0, None, True),
        (-1, None, False),
    ],
)
def test_its_own_scan_lies_between_the_question_and_the_decision(
    after_s: float, bound_ms: float | None, is_own: bool
) -> None:
    at = Corrected(NOON_NS, bound_ms)
    assert is_own_win(winner(after_s), SCAN, at, GATE) is is_own
    assert not is_own_win(winner(after_s, "gate-02"), SCAN, at, GATE)
    assert not is_own_win(winner(after_s, None), SCAN, at, GATE)


@pytest.mark.parametrize("told", [None, "soon"])
def test_a_winner_without_a_time_is_another(told: str | None) -> None:
    row = msgspec.structs.replace(winner(0), winner_time=told)
    assert not is_own_win(row, SCAN, Corrected(NOON_NS, 1000.0), GATE)
