import pytest
from feedback_fakes import Broken, Heard

from gatedrill.devices.feedback.cue import Cue, Shown
from gatedrill.devices.feedback.several import SeveralFeedbacks

COME_IN = Shown(Cue.GOOD, "COME IN")
STOP = Shown(Cue.BAD, "STOP")


def test_all_are_told_and_closed() -> None:
    both = Heard(), Heard()
    several = SeveralFeedbacks(*both)
    several.show(COME_IN)
    several.close()
    assert [each.shown for each in both] == [[COME_IN], [COME_IN]]
    assert all(each.is_closed for each in both)


def test_one_that_fails_hurts_no_other_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    broken, after = Broken(), Heard()
    several = SeveralFeedbacks(broken, after)
    several.show(COME_IN)
    several.show(STOP)
    several.close()
    assert broken.shown == after.shown == [COME_IN, STOP]
    assert broken.is_closed
    assert after.is_closed
    assert [record.message for record in caplog.records] == ["Broken failed: no paper"]


def test_what_is_switched_off_is_left_out() -> None:
    heard = Heard()
    SeveralFeedbacks(None, heard, None).show(STOP)
    assert heard.shown == [STOP]
