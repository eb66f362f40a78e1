from datetime import timedelta, timezone

import pytest

from gatedrill.contract.outcome import (
    REASONS,
    Authority,
    Certainty,
    Outcome,
    OutcomeKind,
    Reason,
)
from gatedrill.devices.feedback import wording
from gatedrill.devices.feedback.cue import Cue, Shown
from gatedrill.devices.feedback.wording import shown_for

ADMITTED = Outcome(OutcomeKind.ADMITTED)
READMITTED = Outcome(OutcomeKind.READMITTED)
USED = Outcome(OutcomeKind.REFUSED, Reason.ALREADY_USED)
IGNORED_REASONS = {Reason.REPEATED, Reason.NOT_PRESENTED}


def ends(reason: Reason) -> Outcome:
    """How an attempt ends for this reason."""
    if reason in IGNORED_REASONS:
        return Outcome(OutcomeKind.IGNORED, reason)
    is_open = reason.certainty is Certainty.INDEFINITE
    return Outcome(OutcomeKind.UNKNOWN if is_open else OutcomeKind.REFUSED, reason)


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_words_of_its_own(reason: Reason) -> None:
    told_in_general = {Reason.REFUSED_OTHERWISE, Reason.TIMEOUT, Reason.REPEATED}
    outcome = ends(reason)
    is_general = shown_for(outcome) == shown_for(Outcome(outcome.kind))
    assert is_general == (reason in told_in_general)


def test_a_reason_that_was_forgotten_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(wording._STOPS, Reason.FULL)
    with pytest.raises(AssertionError):
        test_every_reason_has_words_of_its_own(Reason.FULL)


@pytest.mark.parametrize("kind", OutcomeKind)
@pytest.mark.parametrize("reason", [None, *Reason])
def test_only_an_admission_is_green_and_what_is_open_is_no_refusal(
    kind: OutcomeKind, reason: Reason | None
) -> None:
    outcome = Outcome(kind, reason)
    cue = shown_for(outcome).cue
    assert (cue is Cue.GOOD) == outcome.admits
    assert (cue is Cue.WAIT) == (kind in {"booked", "confirmed", "linked", "ignored"})
    if cue is Cue.BAD:
        assert kind is OutcomeKind.REFUSED
        assert reason is None or reason.certainty is Certainty.DEFINITE
    if kind is OutcomeKind.UNKNOWN or outcome == Outcome(OutcomeKind.REFUSED, Reason.BUSY):
        assert cue is Cue.UNSURE


@pytest.mark.parametrize("reason", REASONS)
def test_staff_read_no_word_of_ours(reason: Reason) -> None:
    shown = shown_for(ends(reason), authority=Authority.VENUE)
    words = f"{shown.headline} {shown.detail}".lower().replace("'", " ").split()
    ours = {"timeout", "registrar", "uplink", "nonce", "symbol", "backend", "http", "row", "error"}
    assert not ours & set(words)
    assert not any("_" in word for word in words)


def test_whoever_is_in_doubt_is_told_whom_to_call() -> None:
    for reason in REASONS:
        shown = shown_for(ends(reason))
        if shown.cue is Cue.UNSURE:
            assert shown.headline == "ASK"
            assert "call a supervisor" in shown.detail


def test_an_admission_tells_how_many_of_the_party_are_in() -> None:
    assert shown_for(ADMITTED) == Shown(Cue.GOOD, "COME IN", "the ticket is valid")
    assert "1 of this party is in" in shown_for(ADMITTED, checked_in_guests=1).detail
    assert "3 of this party are in" in shown_for(READMITTED, checked_in_guests=3).detail


@pytest.mark.parametrize(
    ("last_entry_at", "told"),
    [
        ("2026-11-07T18:03:00Z", "last entry 2026-11-07 19:03 CET"),
        ("2026-11-07T18:03:59.25+00:00", "last entry 2026-11-07 19:03 CET"),
        ("2026-11-07T18:03:00", "last entry 2026-11-07 19:03 CET"),
        ("2026-11-07T23:30:00-01:00", "last entry 2026-11-08 01:30 CET"),
        (None, "was in before"),
        ("yesterday \x1b[2J", "was in before"),
        ("0001-01-01T00:00:00+23:00", "was in before"),
    ],
)
def test_a_reentry_tells_the_last_entry_at_the_venues_time(
    last_entry_at: str | None, told: str
) -> None:
    zone = timezone(timedelta(hours=1), "CET")
    shown = shown_for(READMITTED, last_entry_at=last_entry_at, zone=zone)
    assert shown == Shown(Cue.GOOD, "WELCOME BACK", told)


def test_a_used_ticket_tells_when_if_that_is_known() -> None:
    assert shown_for(USED).detail == "used before"
    shown = shown_for(USED, last_entry_at="2026-11-07T18:03:00Z")
    assert shown.detail == "used before; last entry 2026-11-07 18:03 UTC"


@pytest.mark.parametrize("outcome", [ADMITTED, READMITTED, USED])
def test_who_decided_is_told_if_it_was_not_the_service(outcome: Outcome) -> None:
    assert "decided" not in shown_for(outcome).detail
    by_venue = shown_for(outcome, authority=Authority.VENUE)
    by_gate = shown_for(outcome, authority=Authority.OFFLINE)
    assert by_venue.detail.endswith("decided by the venue, without the ticket service")
    assert by_gate.detail.endswith("decided by this gate alone")


def test_where_nobody_decided_nobody_is_named() -> None:
    for outcome in (Outcome(OutcomeKind.UNKNOWN, Reason.TIMEOUT), Outcome(OutcomeKind.IGNORED)):
        assert "decided" not in shown_for(outcome, authority=Authority.OFFLINE).detail
