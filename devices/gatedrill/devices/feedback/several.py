"""One gate, several ways to tell: the screen, a sound, the scanner itself."""

import logging

from gatedrill.devices.feedback.cue import Feedback, Shown

logger = logging.getLogger(__name__)


class SeveralFeedbacks:
    """Tells each of `feedbacks` in turn; those that are None (switched off) are left out.

    One that fails, against its promise, is logged at its first failure and harms no other.
    """

    def __init__(self, *feedbacks: Feedback | None) -> None:
        self._feedbacks = [feedback for feedback in feedbacks if feedback is not None]
        self._failed: set[int] = set()

    def show(self, shown: Shown) -> None:
        """Show it everywhere."""
        for feedback in self._feedbacks:
            try:
                feedback.show(shown)
            except Exception as error:
                self._report(feedback, error)

    def close(self) -> None:
        """Close all of them, also those that have failed."""
        for feedback in self._feedbacks:
            try:
                feedback.close()
            except Exception as error:
                self._report(feedback, error)

    def _report(self, feedback: Feedback, error: Exception) -> None:
        if id(feedback) not in self._failed:
            self._failed.add(id(feedback))
            logger.warning("%s failed: %s", type(feedback).__name__, error)
