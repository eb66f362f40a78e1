"""Tones made with nothing but the standard library, played by whatever player is installed."""

import logging
import math
import queue
import shutil
import struct
import subprocess
import tempfile
import threading
import wave
from collections.abc import Mapping
from pathlib import Path

from gatedrill.devices.feedback.cue import Cue, Shown

logger = logging.getLogger(__name__)

PLAYERS: tuple[tuple[str, ...], ...] = (("paplay",), ("pw-play",), ("aplay", "-q"), ("afplay",))
"""Commands that play a WAV file, in the order in which they are looked for."""

_PITCH_HZ = {Cue.GOOD: 1320, Cue.UNSURE: 660, Cue.BAD: 330}
_RATE_HZ = 22_050
_BEEP_S = 0.16
_GAP_S = 0.08
_FADE_S = 0.01
_LONGEST_S = 5.0


class Tones:
    """High and once to come in, middling twice to ask, low three times to stop.

    A thread of its own starts the player and waits for it, one sound after the other, of which the
    last one counts. Without a player it stays silent, and says so once; a player that fails is
    logged once.
    """

    def __init__(self, beeps: Mapping[Cue, int]) -> None:
        self._waiting: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
        self._playing: subprocess.Popen[bytes] | None = None
        self._is_closed = False
        self._has_failed = False
        self._player = find_player()
        if self._player is None:
            names = ", ".join(player[0] for player in PLAYERS)
            logger.warning("no sound: none of these players is installed: %s", names)
            return
        self._folder = tempfile.TemporaryDirectory(prefix="gatedrill-tones-")
        self._files = {cue: self._write(cue, beeps[cue]) for cue in _PITCH_HZ}
        self._thread = threading.Thread(target=self._play_all, name="tones", daemon=True)
        self._thread.start()

    def show(self, shown: Shown) -> None:
        """Have the cue's tones played, soon; nothing for WAIT."""
        if self._player is not None and not self._is_closed and shown.cue in self._files:
            self._waiting.put(self._files[shown.cue])

    def close(self) -> None:
        """Break off what is being played; neither process, thread nor file is left."""
        if self._player is None or self._is_closed:
            return
        self._is_closed = True
        self._waiting.put(None)
        playing = self._playing
        if playing is not None:
            playing.kill()
        self._thread.join()
        self._folder.cleanup()

    def _write(self, cue: Cue, beeps: int) -> Path:
        path = Path(self._folder.name, f"{cue}.wav")
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(_RATE_HZ)
            file.writeframes(samples(_PITCH_HZ[cue], beeps))
        return path

    def _play_all(self) -> None:
        while (path := self._newest()) is not None:
            try:
                self._play(path)
            except OSError as error:
                self._report(str(error))

    def _newest(self) -> Path | None:
        path = self._waiting.get()
        while path is not None and not self._waiting.empty():
            path = self._waiting.get()
        return path

    def _play(self, path: Path) -> None:
        assert self._player is not None  # noqa: S101 - the thread runs only if there is one
        silent = subprocess.DEVNULL
        command = [*self._player, str(path)]
        with subprocess.Popen(command, stdin=silent, stdout=silent, stderr=silent) as player:  # noqa: S603
            self._playing = player
            if self._is_closed:
                player.kill()
            try:
                code = player.wait(_LONGEST_S)
            except subprocess.TimeoutExpired:
                player.kill()
                code = player.wait()
            self._playing = None
        if code and not self._is_closed:
            self._report(f"it ended with {code}")

    def _report(self, why: str) -> None:
        if not self._has_failed and self._player is not None:
            self._has_failed = True
            logger.warning("no sound: %s does not play: %s", self._player[0], why)


def find_player() -> tuple[str, ...] | None:
    """The first player that is installed, as the beginning of a command."""
    for name, *options in PLAYERS:
        if (path := shutil.which(name)) is not None:
            return (path, *options)
    return None


def samples(pitch_hz: int, beeps: int) -> bytes:
    """That many beeps as 16-bit samples, each fading in and out so that it does not click."""
    count = round(_BEEP_S * _RATE_HZ)
    fade = round(_FADE_S * _RATE_HZ)
    wave_form = [
        round(
            20_000
            * math.sin(2 * math.pi * pitch_hz * sample / _RATE_HZ)
            * min(1.0, sample / fade, (count - sample) / fade)
        )
        for sample in range(count)
    ]
    beep = struct.pack(f"<{count}h", *wave_form)
    gap = bytes(2 * round(_GAP_S * _RATE_HZ))
    return gap.join([beep] * beeps)
