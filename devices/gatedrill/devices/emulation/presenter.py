"""Showing a ticket to an emulated device, the same for every sort of reader."""

from typing import Protocol

Material = tuple[bytes, ...]
"""A ticket made ready to be shown: a camera's frames, or what a serial scanner sends."""


class Presenter(Protocol):
    """The hand in front of one device. All but `prepare` belong to the event loop's thread."""

    def prepare(self, text: str, seed: int) -> Material:
        """Make ready to show a ticket with `text`; `seed` decides how the guest holds it.

        May take milliseconds, and any thread may call it. Raises UsageError if this sort of
        device cannot be shown such a text.
        """
        ...

    def present(self, material: Material) -> None:
        """Show the ticket now, in place of any other. Takes microseconds."""
        ...

    def withdraw(self) -> None:
        """Take the ticket away; harmless if there is none."""
        ...

    def close(self) -> None:
        """Let go of what the emulated hardware holds. Harmless if done before."""
        ...
