import pytest
from document import Document

from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.devices.feedback.cue import Cue
from gatedrill.devices.feedback.profiles import NO_PROFILE, PROFILES
from gatedrill.devices.feedback.screen import LOOKS
from gatedrill.devices.feedback.sound import BEEPS, SOUNDS
from gatedrill.devices.feedback.tones import PLAYERS
from gatedrill.devices.feedback.wording import shown_for

FEEDBACK = Document("feedback.md")
CONTROLS = {"ESC": b"\x1b", "SOH": b"\x01", "DC2": b"\x12", "CR": b"\r"}


def outcome_of(cell: str) -> Outcome:
    kind, _, reason = cell.removesuffix(")").partition(" (")
    return Outcome(OutcomeKind(kind), Reason(reason) if reason else None)


def bytes_of(cell: str) -> bytes:
    return b"".join(CONTROLS.get(word, word.encode()) for word in cell.split())


def test_every_cue_is_told_as_it_looks_and_sounds() -> None:
    told = FEEDBACK.table("What staff see and hear")
    assert [(row[0], *row[2:]) for row in told] == [
        (cue, look.colour, look.symbol, look.ascii_symbol, str(BEEPS[cue]))
        for cue, look in LOOKS.items()
    ]
    assert LOOKS.keys() == set(Cue)


@pytest.mark.parametrize("row", FEEDBACK.table("What each outcome shows"), ids=lambda row: row[0])
def test_every_outcome_is_told_as_it_is_shown(row: list[str]) -> None:
    shown = shown_for(outcome_of(row[0]))
    assert row[1:] == [LOOKS[shown.cue].colour, shown.headline, shown.detail]


def test_no_outcome_is_left_out() -> None:
    told = [outcome_of(name) for name in FEEDBACK.names("What each outcome shows")]
    assert {outcome.kind for outcome in told} == set(OutcomeKind)
    assert {outcome.reason for outcome in told} - {None} == set(Reason)


def test_every_sound_and_player_is_told() -> None:
    assert FEEDBACK.names("Sound") == list(SOUNDS)
    for player in PLAYERS:
        assert f"`{player[0]}`" in FEEDBACK.section("Sound")


def test_every_profile_is_told_byte_for_byte() -> None:
    [nothing, *told] = FEEDBACK.table("The scanner's own answer")
    assert nothing == [NO_PROFILE, "", "", "", ""]
    assert [(row[0], row[1], *map(bytes_of, row[2:])) for row in told] == [
        (
            name,
            ", ".join(f"{vendor:04x}" for vendor in profile.vendor_ids),
            profile.good,
            profile.bad,
            profile.unsure,
        )
        for name, profile in PROFILES.items()
    ]


def test_every_profile_is_told_with_its_setup_and_its_source() -> None:
    assert FEEDBACK.table("Setting the scanner up") == [
        [name, profile.setup, profile.source] for name, profile in PROFILES.items()
    ]


def test_what_was_not_tried_is_told() -> None:
    assert "No profile was tried on a real scanner" in FEEDBACK.section("What was not tried")
