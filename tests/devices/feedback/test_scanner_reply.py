"""What leaves for a scanner, byte for byte, on a pseudo-terminal.

The bytes below are written down from the manuals, and not from the code.
"""

import pytest
from feedback_fakes import wire

from gatedrill.contract.errors import UsageError
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.devices.feedback.cue import Cue, Shown
from gatedrill.devices.feedback.profiles import PROFILES, make_profile
from gatedrill.devices.feedback.scanner_reply import ScannerReply, make_scanner_reply
from gatedrill.devices.feedback.several import SeveralFeedbacks
from gatedrill.devices.feedback.wording import NO_READER, READY, shown_for

BYTES = {
    # Honeywell Xenon/Granit User Guide, "Host ACK Responses": [ESC]7, beeps as for a good read,
    # [ESC]8, razzes; the example for an item not on file is [ESC]8,[ESC]8,
    "honeywell": ("1b 37 2c", "1b 38 2c 1b 38 2c", "1b 38 2c"),
    # Datalogic PowerScan PRG, "Host Commands Characters": <SOH> good read tone whatever is set,
    # 'F' not on file (and the scanner is disabled), 'E' enable
    "datalogic": ("01", "46 45", "46 45"),
    # Datalogic Gryphon I GD44XX/GBT4400/GM440X PRG, "Message Formatting": DC2 ... CR; ESC[6q green
    # LED on, ESC[3q good read tone, ESC[7q green LED off, ESC[4q bad tone, ESC[2q long low tone
    "datalogic-cordless": (
        "12 1b 5b 36 71 1b 5b 33 71 1b 5b 37 71 0d",
        "12 1b 5b 34 71 0d",
        "12 1b 5b 32 71 0d",
    ),
}
EVERYTHING = [
    *(Shown(cue, "HEADLINE", "detail") for cue in Cue),
    *(shown_for(Outcome(kind, reason)) for kind in OutcomeKind for reason in (None, *Reason)),
    READY,
    NO_READER,
]


def test_every_profile_is_written_down_here() -> None:
    assert PROFILES.keys() == BYTES.keys()


@pytest.mark.parametrize("name", BYTES)
def test_a_profile_sends_the_bytes_of_its_manual(name: str) -> None:
    with wire() as line:
        reply = make_scanner_reply(name, line.send)
        assert reply is not None
        for cue, expected in zip((Cue.GOOD, Cue.BAD, Cue.UNSURE), BYTES[name], strict=True):
            reply.show(Shown(cue, "HEADLINE"))
            assert line.received().hex(" ") == expected
        reply.show(Shown(Cue.WAIT, "READY"))
        reply.close()
        assert line.received() == b""


@pytest.mark.parametrize("name", ["none", None])
def test_without_a_profile_no_byte_ever_leaves(name: str | None) -> None:
    with wire() as line:
        reply = make_scanner_reply(name, line.send)
        assert reply is None
        feedback = SeveralFeedbacks(reply)
        for shown in EVERYTHING:
            feedback.show(shown)
        feedback.close()
        assert line.received() == b""


def test_a_byte_that_did_leave_would_be_seen() -> None:
    with wire() as line:
        feedback = SeveralFeedbacks(make_scanner_reply("datalogic", line.send))
        for shown in EVERYTHING:
            feedback.show(shown)
        assert line.received() != b""


@pytest.mark.parametrize("name", PROFILES)
def test_no_doubt_and_no_refusal_sounds_like_a_welcome(name: str) -> None:
    profile = PROFILES[name]
    assert profile.good not in (profile.bad, profile.unsure)
    assert profile.bytes_for(Cue.WAIT) is None


def test_a_reply_may_be_nothing() -> None:
    profile = make_profile("datalogic")
    assert profile is not None
    silent = type(profile)("silent", (), None, None, None, "nothing", "nobody")
    sent: list[bytes] = []
    reply = ScannerReply(silent, sent.append)
    for cue in Cue:
        reply.show(Shown(cue, "HEADLINE"))
    assert sent == []


def test_a_scanner_that_has_gone_is_told_once_and_raises_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tried: list[bytes] = []

    def send(data: bytes) -> None:
        tried.append(data)
        raise OSError(5, "Input/output error")

    reply = make_scanner_reply("datalogic", send)
    assert reply is not None
    reply.show(Shown(Cue.GOOD, "COME IN"))
    reply.show(Shown(Cue.BAD, "STOP"))
    assert tried == [b"\x01", b"FE"]
    assert [record.message for record in caplog.records] == [
        "the scanner cannot be told the verdict (profile datalogic): [Errno 5] Input/output error"
    ]


def test_an_unknown_profile_names_those_there_are() -> None:
    with pytest.raises(
        UsageError,
        match=r"^unknown scanner profile 'zebra': choose one of none, honeywell, datalogic, "
        r"datalogic-cordless$",
    ):
        make_scanner_reply("zebra", lambda _data: None)
