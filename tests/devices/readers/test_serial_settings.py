"""What can be set, and what is said of what cannot."""

import re

import msgspec
import pytest

from gatedrill.contract.errors import UsageError
from gatedrill.devices.readers.serial_settings import FlowControl, Parity, SerialSettings


@pytest.mark.parametrize(
    ("written", "baud", "data_bits", "parity", "stop_bits"),
    [
        ("9600-8N1", 9600, 8, Parity.NONE, 1),
        ("115200-7E1", 115200, 7, Parity.EVEN, 1),
        ("1200-7o2", 1200, 7, Parity.ODD, 2),
        ("300-8M1", 300, 8, Parity.MARK, 1),
        ("4800-8S1", 4800, 8, Parity.SPACE, 1),
        (" 38400 ", 38400, 8, Parity.NONE, 1),
    ],
)
def test_the_short_form_says_speed_and_bits(
    written: str, baud: int, data_bits: int, parity: Parity, stop_bits: int
) -> None:
    settings = SerialSettings.parse(written)
    assert settings == SerialSettings(
        baud=baud, data_bits=data_bits, parity=parity, stop_bits=stop_bits
    )
    assert SerialSettings.parse(settings.line) == settings


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("", "'' is no baud; write them like 9600-8N1"),
        ("fast-8N1", "'fast' is no baud"),
        ("9600-", "'' is not data bits, parity and stop bits"),
        ("9600-8N", "'8N' is not data bits, parity and stop bits"),
        ("9600-8N1.5", "'8N1.5' is not data bits"),
        ("9600-8X1", "there is no parity X; choose N (none), E (even)"),
        ("9600-5N1", "cannot have 5 data bits: 7 or 8"),
        ("9600-8N3", "cannot have 3 stop bits: 1 or 2"),
        ("0-8N1", "a serial baud of 0 cannot be: 50 to 4000000 can"),
        ("9600000-8N1", "a serial baud of 9600000 cannot be"),
        ("9" * 5000, "is no baud"),
        ("٩٦٠٠", "is no baud"),
    ],
)
def test_the_part_that_is_wrong_is_named_in_one_line(written: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=re.escape(complaint)) as raised:
        SerialSettings.parse(written)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"idle_flush_s": 0.0}, "idle flush of 0.0s cannot be"),
        ({"idle_flush_s": float("nan")}, "idle flush of nans cannot be"),
        ({"repeat_window_s": -1.0}, "repeat window of -1.0s cannot be"),
        ({"prefix": "A\r"}, r"prefix 'A\\r' cannot have CR"),
        ({"suffix": "\t"}, r"suffix '\\t' cannot have CR"),
    ],
)
def test_what_no_scanner_can_be_set_to_is_refused(wrong: dict[str, object], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        msgspec.structs.replace(SerialSettings(), **wrong)


def test_a_default_scanner_is_one_as_it_comes_from_the_factory() -> None:
    settings = SerialSettings()
    assert (settings.line, settings.flow_control) == ("9600-8N1", FlowControl.NONE)
    assert not settings.keep_aim
    assert settings.repeat_window_s == 0.5
