import asyncio

import pytest
from feedback_fakes import wire
from rich.console import Console

from gatedrill.contract.errors import UsageError
from gatedrill.devices.feedback import sound
from gatedrill.devices.feedback.cue import Cue, Shown
from gatedrill.devices.feedback.sound import BEEPS, Bell, make_sound


class CountingConsole(Console):
    """Counts rings instead of ringing."""

    def __init__(self) -> None:
        super().__init__()
        self.rings = 0

    def bell(self) -> None:
        self.rings += 1


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> CountingConsole:
    monkeypatch.setattr(sound, "_BETWEEN_RINGS_S", 0.001)
    return CountingConsole()


def test_good_bad_and_unsure_can_be_told_by_ear() -> None:
    assert BEEPS == {Cue.GOOD: 1, Cue.UNSURE: 2, Cue.BAD: 3, Cue.WAIT: 0}


@pytest.mark.parametrize("cue", Cue)
async def test_the_bell_rings_as_often_as_the_cue_says(cue: Cue, console: CountingConsole) -> None:
    bell = Bell(console)
    bell.show(Shown(cue, "X"))
    await asyncio.sleep(10 * sound._BETWEEN_RINGS_S)  # a loop's timers go off in order of time
    assert console.rings == BEEPS[cue]


async def test_something_new_silences_the_rest_of_what_was_before(
    console: CountingConsole,
) -> None:
    bell = Bell(console)
    bell.show(Shown(Cue.BAD, "STOP"))
    bell.show(Shown(Cue.GOOD, "COME IN"))
    await asyncio.sleep(10 * sound._BETWEEN_RINGS_S)
    assert console.rings == 2


async def test_closing_silences_it(console: CountingConsole) -> None:
    bell = Bell(console)
    bell.show(Shown(Cue.BAD, "STOP"))
    bell.close()
    await asyncio.sleep(10 * sound._BETWEEN_RINGS_S)
    assert console.rings == 1


def test_without_a_loop_it_rings_once(console: CountingConsole) -> None:
    Bell(console).show(Shown(Cue.BAD, "STOP"))
    assert console.rings == 1


def test_the_bell_is_a_byte_on_a_terminal_and_nothing_in_a_file() -> None:
    with wire() as line, open(line.near, "w", encoding="utf-8", closefd=False) as screen:
        Bell(Console(file=screen, _environ={"TERM": "xterm"})).show(Shown(Cue.GOOD, "COME IN"))
        assert line.received() == b"\x07"
        Bell(Console(file=screen, force_terminal=False)).show(Shown(Cue.GOOD, "COME IN"))
        assert line.received() == b""


def test_a_terminal_that_has_gone_hurts_nobody(console: CountingConsole) -> None:
    class Gone(Console):
        def bell(self) -> None:
            raise OSError(5, "Input/output error")

    Bell(Gone()).show(Shown(Cue.BAD, "STOP"))


def test_a_sound_is_chosen_by_name() -> None:
    assert make_sound("off", Console()) is None
    assert isinstance(make_sound("bell", Console()), Bell)


def test_an_unknown_sound_names_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"^unknown sound 'gong': choose one of off, bell, tones$"):
        make_sound("gong", Console())
