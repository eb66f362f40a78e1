import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatedrill.backend.scan_rule import judge_scan
from gatedrill.contract.service import ScanArguments, ScanRow, TicketRow

NOW = "2026-11-20T20:00:00.000000+00:00"
EARLIER = "2026-11-20T19:00:00.000000+00:00"

VALID = TicketRow("ticket", "event", "vip")
SCANNED = TicketRow("ticket", "event", "vip", "scanned", EARLIER, "anna", "gate-1")
CANCELLED = TicketRow("ticket", "event", "vip", "cancelled")
ARGUMENTS = ScanArguments("ticket", "bert", "gate-2")

NOT_FOUND = ScanRow(False, False, None, None, "Ticket not found")
CANCELLED_ANSWER = ScanRow(False, False, None, None, "Ticket cancelled")


@pytest.mark.parametrize(
    ("ticket", "answer", "result", "afterwards"),
    [
        pytest.param(
            VALID,
            ScanRow(True, False, NOW, "bert", None),
            "success",
            TicketRow("ticket", "event", "vip", "scanned", NOW, "bert", "gate-2"),
            id="first",
        ),
        pytest.param(
            SCANNED,
            ScanRow(False, True, EARLIER, "anna", "Ticket already scanned"),
            "already_scanned",
            None,
            id="again",
        ),
        pytest.param(None, NOT_FOUND, "not_found", None, id="unknown"),
        pytest.param(CANCELLED, CANCELLED_ANSWER, "cancelled", None, id="cancelled"),
    ],
)
def test_the_rule_of_a_scan(
    ticket: TicketRow | None, answer: ScanRow, result: str, afterwards: TicketRow | None
) -> None:
    ruling = judge_scan(ticket, ARGUMENTS, NOW)

    assert (ruling.answer, ruling.result, ruling.ticket) == (answer, result, afterwards)


@given(st.lists(st.sampled_from(["anna", "bert", "carla"]), min_size=1))
def test_however_many_scan_a_valid_ticket_the_first_alone_is_admitted(scanners: list[str]) -> None:
    ticket = VALID
    answers = []
    for second, scanner in enumerate(scanners):
        ruling = judge_scan(ticket, ScanArguments("ticket", scanner), f"second {second}")
        ticket = ruling.ticket or ticket
        answers.append(ruling.answer)

    assert [answer.success for answer in answers] == [True] + [False] * (len(scanners) - 1)
    assert {(answer.scanned_at, answer.scanned_by) for answer in answers} == {
        ("second 0", scanners[0])
    }
