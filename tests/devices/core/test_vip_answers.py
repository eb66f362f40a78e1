"""What a scanner makes of answers about VIP guests, signatures and tokens."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatedrill.contract.attempt import AskKind
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.devices.answers import lacks_function
from gatedrill.devices.connection import ServiceAnswer
from gatedrill.devices.scan_answers import (
    read_link,
    read_pass_lookup,
    read_ticket_lookup,
    read_verification,
    read_vip_scan,
)

ENTRY = {
    "success": True,
    "entry_type": "first_entry",
    "pass_id": "P",
    "reservation_id": "R",
    "guest_number": 1,
    "checked_in_guests": 3,
    "total_guests": 5,
    "message": "Welcome",
}
REENTRY = {**ENTRY, "entry_type": "reentry", "last_entry_time": "2026-05-01T20:00:00Z"}
HTML = b"<!doctype html><html><body>Bad gateway</body></html>"


def refused(reason: Reason) -> Outcome:
    return Outcome(OutcomeKind.REFUSED, reason)


def unknown(reason: Reason) -> Outcome:
    return Outcome(OutcomeKind.UNKNOWN, reason)


def answer(said: object, status: int = 200) -> ServiceAnswer:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return ServiceAnswer(AskKind.VIP_SCAN, 1, 2, status, body)


def unanswered(reason: Reason) -> ServiceAnswer:
    return ServiceAnswer(AskKind.VIP_SCAN, 1, 2, failure=reason)


def problem(code: str, status: int) -> ServiceAnswer:
    return answer({"code": code, "message": "m", "details": None, "hint": None}, status)


def refusal(error: str | None) -> ServiceAnswer:
    return answer({"success": False, "message": "no", **({"error": error} if error else {})})


def test_a_first_entry_admits_and_tells_how_many_are_in() -> None:
    reply = read_vip_scan(answer(ENTRY))
    assert reply.outcome == Outcome(OutcomeKind.ADMITTED)
    assert (reply.last_entry_at, reply.checked_in_guests) == (None, 3)
    assert (reply.ask.kind, reply.ask.reason) == (AskKind.VIP_SCAN, None)


def test_a_reentry_readmits_and_tells_when_the_guest_came_before() -> None:
    reply = read_vip_scan(answer(REENTRY))
    assert reply.outcome == Outcome(OutcomeKind.READMITTED)
    assert (reply.last_entry_at, reply.checked_in_guests) == ("2026-05-01T20:00:00Z", 3)


def test_a_counter_beyond_the_party_is_passed_on_for_others_to_judge() -> None:
    assert read_vip_scan(answer({**ENTRY, "checked_in_guests": 11})).checked_in_guests == 11


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("PASS_NOT_FOUND", Reason.NOT_FOUND),
        ("PASS_CANCELLED", Reason.CANCELLED),
        ("INVALID_STATUS", Reason.INVALID_STATUS),
        ("RESERVATION_NOT_FOUND", Reason.RESERVATION_CLOSED),
        ("RESERVATION_NOT_CONFIRMED", Reason.RESERVATION_CLOSED),
        ("RESERVATION_OVER", Reason.RESERVATION_CLOSED),
        ("BANNED", Reason.REFUSED_OTHERWISE),
        (None, Reason.REFUSED_OTHERWISE),
    ],
)
def test_a_refused_pass_is_refused_for_its_reason(error: str | None, reason: Reason) -> None:
    reply = read_vip_scan(refusal(error))
    assert reply.outcome == refused(reason)
    assert reply.ask.reason is reason


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({**ENTRY, "error": "PASS_CANCELLED"}, id="entered with an error"),
        pytest.param({**ENTRY, "entry_type": None}, id="entered in no way"),
        pytest.param({**ENTRY, "success": False}, id="an entry that failed"),
        pytest.param({**REENTRY, "success": False, "error": "INVALID_STATUS"}, id="both"),
        pytest.param({**ENTRY, "entry_type": "exit"}, id="another way"),
        pytest.param({**ENTRY, "success": "true"}, id="a text for a truth"),
        pytest.param({**ENTRY, "checked_in_guests": "3"}, id="a text for a number"),
        pytest.param([ENTRY], id="a row"),
        pytest.param(HTML, id="a page"),
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"success":true,"message":"\xff"}', id="no UTF-8"),
    ],
)
def test_a_vip_answer_that_contradicts_itself_or_cannot_be_read_leaves_the_scan_unknown(
    said: object,
) -> None:
    reply = read_vip_scan(answer(said))
    assert reply.outcome == unknown(Reason.BAD_ANSWER)
    assert reply[2:] == (None, None)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (problem("55P03", 500), refused(Reason.BUSY)),
        (problem("40001", 500), refused(Reason.BUSY)),
        (problem("23505", 409), refused(Reason.LOST_RACE)),
        (problem("22P02", 400), refused(Reason.NOT_FOUND)),
        (problem("PGRST202", 404), unknown(Reason.BAD_ANSWER)),
        (problem("XX000", 500), unknown(Reason.SERVER_ERROR)),
        (problem("55P03", 401), unknown(Reason.CREDENTIALS)),
        (unanswered(Reason.TIMEOUT), unknown(Reason.TIMEOUT)),
        (unanswered(Reason.CONNECTION), unknown(Reason.CONNECTION)),
    ],
)
def test_errors_mean_for_a_pass_what_they_mean_for_a_ticket(
    said: ServiceAnswer, outcome: Outcome
) -> None:
    assert read_vip_scan(said).outcome == outcome


FAILURES = [
    pytest.param(answer(HTML), Reason.BAD_ANSWER, id="a page"),
    pytest.param(answer({}), Reason.BAD_ANSWER, id="something else"),
    pytest.param(problem("PGRST202", 404), Reason.BAD_ANSWER, id="nothing of that name"),
    pytest.param(answer(HTML, 500), Reason.SERVER_ERROR, id="a server's error"),
    pytest.param(problem("55P03", 500), Reason.SERVER_ERROR, id="a lock, to a read"),
    pytest.param(problem("22P02", 400), Reason.BAD_ANSWER, id="a bad value"),
    pytest.param(answer(b"", 401), Reason.CREDENTIALS, id="the key"),
    pytest.param(answer(b"", 302), Reason.BAD_ANSWER, id="a redirect"),
    pytest.param(unanswered(Reason.TIMEOUT), Reason.TIMEOUT, id="silence"),
]


@pytest.mark.parametrize(("said", "reason"), FAILURES)
def test_a_signature_that_could_not_be_verified_admits_nobody(
    said: ServiceAnswer, reason: Reason
) -> None:
    verification = read_verification(said)
    assert verification.objection == unknown(reason)
    assert verification.ask.reason is reason


@pytest.mark.parametrize("said", [{"valid": None}, {"valid": 1}, {"valid": "true"}, True, [True]])
def test_nothing_but_a_plain_yes_makes_a_signature_valid(said: object) -> None:
    assert read_verification(answer(said)).objection == unknown(Reason.BAD_ANSWER)


def test_a_signature_is_valid_or_the_code_was_tampered_with() -> None:
    assert read_verification(answer({"valid": True})).objection is None
    forged = read_verification(answer({"valid": False}))
    assert (forged.objection, forged.ask.reason) == (refused(Reason.TAMPERED), Reason.TAMPERED)


@pytest.mark.parametrize(("said", "reason"), FAILURES)
def test_a_lookup_that_failed_leaves_the_scan_unknown(said: ServiceAnswer, reason: Reason) -> None:
    for lookup in (read_ticket_lookup(said, "tonight"), read_pass_lookup(said)):
        assert lookup.found == unknown(reason)
        assert lookup.ask.reason is reason


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([{"id": "T", "event_id": "tonight"}], "T"),
        ([{"id": "T", "event_id": "tomorrow"}], refused(Reason.WRONG_EVENT)),
        ([{"id": "T", "event_id": None}], unknown(Reason.BAD_ANSWER)),
        ([{"id": "T"}], unknown(Reason.BAD_ANSWER)),
        ([], refused(Reason.NOT_FOUND)),
        ([{"id": "T", "event_id": "tonight"}] * 2, unknown(Reason.BAD_ANSWER)),
    ],
)
def test_a_token_leads_to_one_ticket_of_tonight_or_to_none(
    rows: object, found: str | Outcome
) -> None:
    assert read_ticket_lookup(answer(rows), "tonight").found == found


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([{"id": "P"}], "P"),
        ([], refused(Reason.NOT_FOUND)),
        ([{"id": "P"}, {"id": "Q"}], unknown(Reason.BAD_ANSWER)),
    ],
)
def test_a_token_leads_to_one_pass_or_to_none(rows: object, found: str | Outcome) -> None:
    assert read_pass_lookup(answer(rows)).found == found


@pytest.mark.parametrize(("said", "reason"), FAILURES)
def test_a_link_that_nobody_could_tell_of_lets_nobody_back_in(
    said: ServiceAnswer, reason: Reason
) -> None:
    link = read_link(said)
    assert (link.allows_reentry, link.ask.reason) == (False, reason)


@pytest.mark.parametrize(
    ("said", "allows_reentry"),
    [
        ({"is_vip_linked": True, "allow_reentry": True}, True),
        ({"is_vip_linked": True, "allow_reentry": False}, False),
        ({"is_vip_linked": True}, False),
        ({"is_vip_linked": False}, False),
        ({"is_vip_linked": False, "allow_reentry": True}, False),
    ],
)
def test_a_linked_ticket_lets_its_bearer_back_in_where_reentry_is_allowed(
    said: object, allows_reentry: bool
) -> None:
    link = read_link(answer(said))
    assert link.allows_reentry is allows_reentry
    assert link.ask.reason is (None if allows_reentry else Reason.ALREADY_USED)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (problem("PGRST202", 404), True),
        (problem("PGRST205", 404), False),
        (problem("PGRST202", 500), False),
        (answer(HTML, 404), False),
        (unanswered(Reason.CONNECTION), False),
    ],
)
def test_only_an_unknown_function_shows_that_the_service_knows_no_such(
    said: ServiceAnswer, expected: bool
) -> None:
    assert lacks_function(said) is expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
columns = st.sampled_from([True, False, None, "first_entry", "reentry", "PASS_CANCELLED", "", 3])
vip_likes = st.fixed_dictionaries({}, optional=dict.fromkeys([*REENTRY, "error"], columns))


@settings(deadline=None)
@given(st.sampled_from([200, 200, 201, 404, 500]), vip_likes | json_values)
def test_nothing_but_an_entry_that_says_so_admits_a_vip_guest(status: int, said: object) -> None:
    if read_vip_scan(answer(said, status)).outcome.admits:
        assert status == 200
        assert isinstance(said, dict)
        assert said["success"] is True
        assert said["entry_type"] in ("first_entry", "reentry")
        assert not said.get("error")


@settings(deadline=None)
@given(st.sampled_from([200, 400, 500]), st.binary())
def test_no_bytes_make_a_reading_fail_or_grant(status: int, body: bytes) -> None:
    said = answer(body, status)
    assert not read_vip_scan(said).outcome.admits
    assert read_verification(said).objection is not None
    assert not read_link(said).allows_reentry
    assert read_pass_lookup(said).found in (
        unknown(Reason.BAD_ANSWER),
        unknown(Reason.SERVER_ERROR),
        refused(Reason.NOT_FOUND),
    )
