import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatedrill.contract import service
from gatedrill.contract.attempt import AskKind
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.devices.connection import ServiceAnswer
from gatedrill.devices.scan_answers import read_scan

ADMITTED = Outcome(OutcomeKind.ADMITTED)
FIRST = {
    "success": True,
    "already_scanned": False,
    "scanned_at": "2026-05-01T20:00:00Z",
    "scanned_by": "9b1d",
    "error_message": None,
}
HTML = b"<!doctype html><html><body>Bad gateway</body></html>"


def read_answer(status: int, body: bytes) -> Outcome:
    answer = ServiceAnswer(AskKind.SCAN, 1, 2, status, body)
    reply = read_scan(answer)
    assert reply.ask.reason is reply.outcome.reason
    return reply.outcome


def refused(reason: Reason) -> Outcome:
    return Outcome(OutcomeKind.REFUSED, reason)


def unknown(reason: Reason) -> Outcome:
    return Outcome(OutcomeKind.UNKNOWN, reason)


def rows(*changes: dict[str, object]) -> bytes:
    """An answer with one row for each of these differences from a first admission."""
    return json.dumps([{**FIRST, **change} for change in changes]).encode()


def failure(message: str | None, *, again: bool = False) -> bytes:
    return rows({"success": False, "already_scanned": again, "error_message": message})


def problem(code: str) -> bytes:
    return json.dumps({"code": code, "message": "m", "details": None, "hint": None}).encode()


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        pytest.param(200, rows({}), ADMITTED, id="first"),
        pytest.param(200, rows({"guest": {"vip": [1]}}), ADMITTED, id="columns of their own"),
        pytest.param(
            200,
            b'[{"success":true,"already_scanned":false}]',
            ADMITTED,
            id="only the columns that decide",
        ),
        pytest.param(
            200, failure(service.ALREADY_SCANNED, again=True), refused(Reason.ALREADY_USED)
        ),
        pytest.param(200, failure(service.NOT_FOUND), refused(Reason.NOT_FOUND)),
        pytest.param(200, failure(service.CANCELLED), refused(Reason.CANCELLED)),
        pytest.param(200, failure(service.BUSY), refused(Reason.BUSY)),
        pytest.param(200, failure(service.LOST_UPDATE, again=True), refused(Reason.LOST_RACE)),
        pytest.param(200, failure(service.LOST_INDEX, again=True), refused(Reason.LOST_RACE)),
        pytest.param(200, failure("Ticket withdrawn"), refused(Reason.REFUSED_OTHERWISE)),
        pytest.param(200, failure(None), refused(Reason.REFUSED_OTHERWISE)),
        pytest.param(200, failure(""), refused(Reason.REFUSED_OTHERWISE)),
        pytest.param(200, failure("Bereits benutzt", again=True), refused(Reason.ALREADY_USED)),
        pytest.param(200, failure(None, again=True), refused(Reason.ALREADY_USED)),
    ],
)
def test_the_one_row_decides(status: int, body: bytes, outcome: Outcome) -> None:
    assert read_answer(status, body) == outcome


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (500, "55P03", refused(Reason.BUSY)),
        (500, "40001", refused(Reason.BUSY)),
        (409, "23505", refused(Reason.LOST_RACE)),
        (400, "22P02", refused(Reason.NOT_FOUND)),
        (409, "23503", unknown(Reason.BAD_ANSWER)),
        (400, "P0001", unknown(Reason.BAD_ANSWER)),
        (404, "PGRST202", unknown(Reason.BAD_ANSWER)),
        (500, "XX000", unknown(Reason.SERVER_ERROR)),
        (503, "PGRST001", unknown(Reason.SERVER_ERROR)),
        (403, "42501", unknown(Reason.CREDENTIALS)),
        (401, "PGRST301", unknown(Reason.CREDENTIALS)),
        (401, "55P03", unknown(Reason.CREDENTIALS)),
    ],
)
def test_a_problem_decides_only_where_it_is_certain_that_nothing_changed(
    status: int, code: str, outcome: Outcome
) -> None:
    assert read_answer(status, problem(code)) == outcome


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        pytest.param(200, HTML, Reason.BAD_ANSWER, id="a page instead of an answer"),
        pytest.param(500, HTML, Reason.SERVER_ERROR, id="a page that tells of an error"),
        pytest.param(502, b"", Reason.SERVER_ERROR, id="a gateway without a word"),
        pytest.param(401, HTML, Reason.CREDENTIALS, id="a page that asks for a login"),
        pytest.param(403, b"", Reason.CREDENTIALS, id="forbidden"),
        pytest.param(404, HTML, Reason.BAD_ANSWER, id="somebody else's address"),
        pytest.param(302, b"", Reason.BAD_ANSWER, id="a redirect"),
        pytest.param(201, rows({}), Reason.BAD_ANSWER, id="created"),
        pytest.param(204, b"", Reason.BAD_ANSWER, id="no content"),
        pytest.param(206, rows({}), Reason.BAD_ANSWER, id="a part of an answer"),
        pytest.param(500, rows({}), Reason.SERVER_ERROR, id="an error that claims success"),
        pytest.param(429, b"slow down", Reason.BAD_ANSWER, id="rate limit"),
        pytest.param(200, b"", Reason.BAD_ANSWER, id="nothing"),
        pytest.param(200, b"[]", Reason.BAD_ANSWER, id="no row"),
        pytest.param(200, rows({}, {}), Reason.BAD_ANSWER, id="two rows"),
        pytest.param(200, rows({})[1:-1], Reason.BAD_ANSWER, id="a row without its array"),
        pytest.param(200, b"null", Reason.BAD_ANSWER, id="null"),
        pytest.param(200, b"true", Reason.BAD_ANSWER, id="a bare value"),
        pytest.param(200, b"[true]", Reason.BAD_ANSWER, id="an array of something else"),
        pytest.param(200, b"[null]", Reason.BAD_ANSWER, id="a row that is null"),
        pytest.param(200, b'[{"success":true}]', Reason.BAD_ANSWER, id="a column is missing"),
        pytest.param(200, b'{"valid":true}', Reason.BAD_ANSWER, id="another function's answer"),
        pytest.param(200, rows({"success": 1}), Reason.BAD_ANSWER, id="a number for a truth"),
        pytest.param(200, rows({"success": "true"}), Reason.BAD_ANSWER, id="a text for a truth"),
        pytest.param(200, rows({"success": None}), Reason.BAD_ANSWER, id="null for a truth"),
        pytest.param(200, rows({"scanned_at": 5}), Reason.BAD_ANSWER, id="a number for a time"),
        pytest.param(
            200, rows({"already_scanned": True}), Reason.BAD_ANSWER, id="admitted and used at once"
        ),
        pytest.param(
            200,
            rows({"error_message": service.BUSY}),
            Reason.BAD_ANSWER,
            id="admitted with an error's message",
        ),
        pytest.param(200, rows({}) + b"]", Reason.BAD_ANSWER, id="more than JSON"),
        pytest.param(200, rows({})[:-1], Reason.BAD_ANSWER, id="cut off"),
        pytest.param(
            200, rows({}).replace(b"9b1d", b"\xff"), Reason.BAD_ANSWER, id="text that is no UTF-8"
        ),
        pytest.param(
            500, problem("\xff").replace(b"\\u00ff", b"\xff"), Reason.SERVER_ERROR, id="such a code"
        ),
        pytest.param(200, b'[{"a":' + b"[" * 100_000, Reason.BAD_ANSWER, id="nested without end"),
        pytest.param(500, b'{"a":' + b"[" * 100_000, Reason.SERVER_ERROR, id="such a problem"),
    ],
)
def test_what_is_not_of_the_contract_leaves_the_scan_unknown(
    status: int, body: bytes, reason: Reason
) -> None:
    assert read_answer(status, body) == unknown(reason)


statuses = st.sampled_from([200, 200, 201, 206, 302, 400, 401, 403, 404, 409, 500, 503])


@settings(deadline=None)
@given(statuses, st.binary())
def test_no_bytes_make_it_fail_or_admit(status: int, body: bytes) -> None:
    assert not read_answer(status, body).admits


@settings(deadline=None)
@given(statuses, st.data())
def test_bytes_damaged_on_the_way_do_not_make_it_fail(status: int, data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([rows({}), failure(service.BUSY), problem("55P03"), HTML]))
    at = data.draw(st.integers(0, len(whole) - 1))
    damage = data.draw(st.binary(max_size=3))
    assert isinstance(read_answer(status, whole[:at] + damage + whole[at + 1 :]), Outcome)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
columns = st.one_of(st.booleans(), st.none(), st.sampled_from(["", service.BUSY]), json_values)
row_likes = st.fixed_dictionaries({}, optional=dict.fromkeys(FIRST, columns))


def is_admission(status: int, answer: object) -> bool:
    """Whether the contract calls this an admission."""
    if status != 200 or not isinstance(answer, list) or len(answer) != 1:
        return False
    row = answer[0]
    return (
        isinstance(row, dict)
        and row.get("success") is True
        and row.get("already_scanned") is False
        and not row.get("error_message")
    )


@settings(deadline=None)
@given(statuses, st.lists(row_likes, max_size=2) | json_values)
def test_nothing_but_one_row_that_says_so_admits(status: int, said: object) -> None:
    body = json.dumps(said).encode()
    if read_answer(status, body).admits:
        assert is_admission(status, said)
