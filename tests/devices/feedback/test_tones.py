import os
import queue
import threading
import wave
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from gatedrill.devices.feedback import tones as tones_module
from gatedrill.devices.feedback.cue import Cue, Shown
from gatedrill.devices.feedback.sound import BEEPS, make_sound
from gatedrill.devices.feedback.tones import PLAYERS, Tones, find_player, samples

STOP = Shown(Cue.BAD, "STOP")
COME_IN = Shown(Cue.GOOD, "COME IN")


class Speakers:
    """A folder of players, the only one on the path; what they play is read from a FIFO."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fifo = folder / "played"
        os.mkfifo(self._fifo)

    def install(self, name: str, then: str = "") -> None:
        script = f'#!/bin/sh\nfor file; do :; done\necho "$$ $file" > {self._fifo}\n{then}\n'
        path = self._folder / name
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)

    def next_played(self) -> Path:
        """Wait for a player to begin; the file that it was given."""
        pid, file = self._fifo.read_text(encoding="utf-8").split()
        self.pid = int(pid)
        return Path(file)


@pytest.fixture
def speakers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Speakers:
    monkeypatch.setenv("PATH", str(tmp_path))
    return Speakers(tmp_path)


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "tones"]


def test_tones_are_a_wav_of_that_many_beeps(speakers: Speakers) -> None:
    speakers.install("aplay")
    tones = Tones(BEEPS)
    for cue in (Cue.GOOD, Cue.UNSURE, Cue.BAD):
        tones.show(Shown(cue, "X"))
        with wave.open(str(speakers.next_played()), "rb") as file:
            assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
            seconds = file.getnframes() / file.getframerate()
        assert seconds == pytest.approx(BEEPS[cue] * 0.16 + (BEEPS[cue] - 1) * 0.08, abs=0.01)
    tones.close()


def test_a_beep_begins_and_ends_in_silence_and_never_clips() -> None:
    beep = memoryview(samples(1320, 1)).cast("h")
    assert beep[0] == 0
    assert abs(beep[-1]) < 500
    assert 15_000 < max(beep) < 32_767


def test_nothing_is_played_while_the_gate_waits(speakers: Speakers) -> None:
    speakers.install("aplay")
    tones = Tones(BEEPS)
    tones.show(Shown(Cue.WAIT, "READY"))
    tones.show(COME_IN)
    assert speakers.next_played().name == "good.wav"
    tones.close()


def test_showing_does_not_wait_and_the_newest_of_several_is_played(speakers: Speakers) -> None:
    speakers.install("aplay", then="read line < " + str(speakers._folder / "go"))
    go = speakers._folder / "go"
    os.mkfifo(go)
    tones = Tones(BEEPS)
    tones.show(COME_IN)
    assert speakers.next_played().name == "good.wav"
    tones.show(STOP)
    tones.show(Shown(Cue.UNSURE, "ASK"))  # both while the first one is still playing
    go.write_text("\n", encoding="utf-8")
    assert speakers.next_played().name == "unsure.wav"
    tones.close()


def test_closing_breaks_off_and_leaves_nothing_behind(
    speakers: Speakers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tones_module, "_LONGEST_S", 3600.0)
    speakers.install("aplay", then="exec /bin/sleep 3600")
    before = threads()
    tones = Tones(BEEPS)
    tones.show(STOP)
    folder = speakers.next_played().parent
    tones.close()
    tones.close()
    tones.show(STOP)
    assert threads() == before
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):  # a zombie would still be there
        os.kill(speakers.pid, 0)


def test_without_a_player_it_is_silent_and_says_so_once(
    speakers: Speakers, caplog: pytest.LogCaptureFixture
) -> None:
    tones = make_sound("tones", Console())
    assert tones is not None
    tones.show(STOP)
    tones.show(STOP)
    tones.close()
    assert [record.message for record in caplog.records] == [
        "no sound: none of these players is installed: paplay, pw-play, aplay, afplay"
    ]


def hanging(speakers: Speakers) -> None:
    speakers.install("aplay")  # waits for a test that never reads what is played


def failing(speakers: Speakers) -> None:
    speakers.install("aplay", then="exit 3")


def unfit(speakers: Speakers) -> None:
    speakers.install("aplay")
    (speakers._folder / "aplay").write_bytes(b"\x7fELF no program")


@pytest.mark.parametrize("plant", [failing, hanging, unfit])
def test_a_player_that_fails_is_told_once(
    plant: Callable[[Speakers], None],
    speakers: Speakers,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(speakers)
    if plant is hanging:
        monkeypatch.setattr(tones_module, "_LONGEST_S", 0.05)
    tones = Tones(BEEPS)
    report = tones._report
    reported: queue.SimpleQueue[str] = queue.SimpleQueue()

    def reporting(why: str) -> None:
        report(why)
        reported.put(why)

    tones._report = reporting  # type: ignore[method-assign]
    for _ in range(2):
        tones.show(STOP)
        if plant is failing:
            speakers.next_played()
        reported.get()
    tones.close()
    [record] = caplog.records
    assert record.message.startswith("no sound: ")
    assert "aplay does not play: " in record.message


@pytest.mark.parametrize("player", PLAYERS)
def test_each_player_is_found(player: tuple[str, ...], speakers: Speakers) -> None:
    assert find_player() is None
    speakers.install(player[0])
    found = find_player()
    assert found is not None
    assert (Path(found[0]).name, *found[1:]) == player
