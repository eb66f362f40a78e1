import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pos_scanners import AIM_FIRST, DATA_FIRST, MOUSE, aim_first, data_first

from gatedrill.devices.readers.framing import MAX_CODE_BYTES
from gatedrill.devices.readers.hid.pos_report import (
    CONTINUED_WITHIN_NS,
    PosCode,
    PosDecoder,
    PosLayout,
)
from gatedrill.devices.readers.hid.report_descriptor import Field, input_fields

# However busy the machine is.
relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def decoder(descriptor: bytes = AIM_FIRST) -> PosDecoder:
    layout = PosLayout.of_descriptor(descriptor)
    assert layout is not None
    return PosDecoder(layout)


def read(*reports: bytes, descriptor: bytes = AIM_FIRST) -> list[PosCode]:
    scanner = decoder(descriptor)
    codes = [scanner.feed(report, at_ns=index) for index, report in enumerate(reports)]
    return [code for code in codes if code is not None]


def test_a_descriptor_tells_where_the_fields_lie() -> None:
    assert [field for field in input_fields(AIM_FIRST) if field.usage >> 16 in (1, 0x8C)] == [
        Field(2, 0x01003B, 0, 8),
        Field(2, 0x8C00FB, 8, 8),
        Field(2, 0x8C00FC, 16, 8),
        Field(2, 0x8C00FD, 24, 8),
        Field(2, 0x8C00FE, 32, 448),
        Field(2, 0x8C00FF, 496, 8),
    ]


def test_a_mouse_has_fields_too() -> None:
    buttons = [Field(0, 0x090001 + index, index, 1) for index in range(3)]
    assert input_fields(MOUSE) == [*buttons, Field(0, 0x010030, 8, 8), Field(0, 0x010031, 16, 8)]


def test_pushed_globals_come_back() -> None:
    descriptor = bytes.fromhex("058c 7508 9501 a4 0501 7510 b4 b4 09fe 8102 0b 3b000100 8102")
    assert input_fields(descriptor) == [Field(0, 0x8C00FE, 0, 8), Field(0, 0x01003B, 8, 8)]


def test_a_long_item_is_passed_over() -> None:
    assert input_fields(bytes.fromhex("fe 02 10 aabb 058c 7508 9501 09fe 8102")) == [
        Field(0, 0x8C00FE, 0, 8)
    ]


@relaxed
@given(st.binary(max_size=200))
def test_no_descriptor_breaks_the_reading(descriptor: bytes) -> None:
    for field in input_fields(descriptor):
        assert field.bits >= 0
    for cut in range(len(AIM_FIRST)):
        input_fields(AIM_FIRST[:cut] + descriptor)


def test_what_is_no_scanner_has_no_layout() -> None:
    assert PosLayout.of_descriptor(MOUSE) is None
    assert PosLayout.of_descriptor(b"") is None


def test_a_code_in_one_report() -> None:
    assert read(aim_first(b"TKT-1")) == [PosCode(b"TKT-1", "]Q1")]
    assert read(aim_first(b"01\x1d2\0", symbology=b"]C1")) == [PosCode(b"01\x1d2\0", "]C1")]


def test_the_example_of_the_access_is_guide() -> None:
    boarding_pass = b"M1GATHERGOOD/MICHAEL YABCDEF LHRDURAK 3542 052Y003D23   s123"
    first = bytes.fromhex("02385d5130") + boarding_pass[:56] + b"s\0\x01"
    second = bytes.fromhex("02045d5130") + boarding_pass[56:] + b"\0" * 52 + b"s\0\0"
    assert (len(first), len(second), len(boarding_pass)) == (64, 64, 60)
    assert read(first, second) == [PosCode(boarding_pass, "]Q0")]


def test_makers_who_put_the_text_first_are_read_by_their_descriptor() -> None:
    parts = [data_first(b"a" * 56, is_continued=True), data_first(b"b")]
    assert read(*parts, descriptor=DATA_FIRST) == [PosCode(b"a" * 56 + b"b", "")]
    # With the other maker's descriptor it would be another ticket.
    assert read(data_first(b"TKT-1234"), descriptor=AIM_FIRST) != [PosCode(b"TKT-1234", "")]


def test_a_scanner_that_sends_the_identifier_in_the_text_as_well() -> None:
    assert read(aim_first(b"]Q1TKT-1")) == [PosCode(b"TKT-1", "]Q1")]
    assert read(data_first(b"]Q1TKT-1"), descriptor=DATA_FIRST) == [PosCode(b"TKT-1", "]Q1")]
    assert read(aim_first(b"]C1TKT-1")) == [PosCode(b"]C1TKT-1", "]Q1")]


@pytest.mark.parametrize("suffix", [b"\r", b"\r\n", b"\t", b"\x03"])
def test_what_the_scanner_adds_is_cut_off(suffix: bytes) -> None:
    assert read(aim_first(b"\x02TKT-1" + suffix)) == [PosCode(b"TKT-1", "]Q1")]


def test_an_identifier_that_is_none_is_left_out() -> None:
    for symbology in (b"\0\0\0", b"Q1]", b"]\xff1"):
        assert read(aim_first(b"a", symbology=symbology)) == [PosCode(b"a", "")]


def test_a_report_without_a_count_ends_where_its_zeros_begin() -> None:
    descriptor = bytes.fromhex("058c 7508 9508 09fe 8102")
    assert read(b"TKT-1\0\0\0", descriptor=descriptor) == [PosCode(b"TKT-1", "")]


def test_other_and_broken_reports_are_passed_over() -> None:
    broken = [b"", b"\x02", b"\x02\x05]Q1TKT", b"\x05" + aim_first(b"b")[1:], aim_first(b"")]
    assert read(*broken, aim_first(b"a")) == [PosCode(b"a", "]Q1")]


def test_a_count_beyond_the_report_is_no_harm() -> None:
    report = bytearray(aim_first(b"a" * 56))
    report[1] = 255
    assert read(bytes(report)) == [PosCode(b"a" * 56, "]Q1")]


def test_reserved_bits_beside_the_flag_mean_nothing() -> None:
    report = bytearray(aim_first(b"a"))
    report[63] = 0xFE
    assert read(bytes(report)) == [PosCode(b"a", "]Q1")]


def test_a_code_whose_rest_fails_to_come_is_dropped() -> None:
    scanner = decoder()
    begun = aim_first(b"x" * 56, is_continued=True)
    assert scanner.feed(begun, at_ns=0) is None
    late = scanner.feed(aim_first(b"a", symbology=b"]C0"), at_ns=CONTINUED_WITHIN_NS + 1)
    assert late == PosCode(b"a", "]C0")
    assert scanner.feed(begun, at_ns=0) is None
    assert scanner.feed(aim_first(b"a"), at_ns=CONTINUED_WITHIN_NS) == PosCode(
        b"x" * 56 + b"a", "]Q1"
    )


def test_an_over_long_code_is_dropped_and_the_next_read() -> None:
    parts = [aim_first(b"x" * 56, is_continued=True)] * (MAX_CODE_BYTES // 56 + 5)
    assert read(*parts, aim_first(b"x"), aim_first(b"a")) == [PosCode(b"a", "]Q1")]
    endless = decoder()
    for part in parts * 3:
        endless.feed(part, at_ns=0)
    assert len(endless._begun) <= MAX_CODE_BYTES + 56


@relaxed
@given(
    reports=st.lists(
        st.one_of(st.binary(max_size=70), st.binary(min_size=63, max_size=63)), max_size=8
    )
)
def test_after_anything_and_a_second_a_code_is_read(reports: list[bytes]) -> None:
    scanner = decoder()
    for report in reports:
        for each in (report, b"\x02" + report):
            scanner.feed(each, at_ns=0)
    assert scanner.feed(aim_first(b"a"), at_ns=CONTINUED_WITHIN_NS + 1) == PosCode(b"a", "]Q1")
