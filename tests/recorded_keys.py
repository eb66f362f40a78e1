"""What a scanner types, written down key by key with the kernel's own names."""

from collections.abc import Iterable

from evdev import ecodes

from gatedrill.devices.readers.hid.key_decoder import KeyDecoder
from gatedrill.devices.readers.hid.key_events import PRESS, RELEASE, KeyEvent
from gatedrill.devices.readers.hid.layouts import LAYOUTS

NEVER_S = 60.0


def code_of(name: str) -> int:
    """`A` is KEY_A, as in linux/input-event-codes.h."""
    return int(ecodes.ecodes[f"KEY_{name}"])


def recorded(keys: str, *, start_s: float = 0.0, step_s: float = 0.004) -> list[KeyEvent]:
    """The events of `LEFTSHIFT+T 1 ENTER`: chords go down in order and come up in reverse.

    `+X` only goes down, `-X` only comes up.
    """
    pairs: list[tuple[int, int]] = []
    for chord in keys.split():
        if chord[0] in "+-":
            pairs.append((code_of(chord[1:]), PRESS if chord[0] == "+" else RELEASE))
            continue
        codes = [code_of(name) for name in chord.split("+")]
        pairs += [(code, PRESS) for code in codes]
        pairs += [(code, RELEASE) for code in reversed(codes)]
    return [
        KeyEvent(code, value, start_s + index * step_s) for index, (code, value) in enumerate(pairs)
    ]


def decoder(layout: str = "us", idle_flush_s: float = NEVER_S) -> KeyDecoder:
    """A decoder that waits for Enter, unless told otherwise."""
    return KeyDecoder(LAYOUTS[layout], idle_flush_s)


def codes(decoder: KeyDecoder, events: Iterable[KeyEvent]) -> list[str]:
    """The codes that these events complete."""
    return [code for event in events for code in decoder.feed(event)]


def read(keys: str, layout: str = "us") -> list[str]:
    """The codes that a scanner set to `layout` has typed with these keys."""
    return codes(decoder(layout), recorded(keys))
