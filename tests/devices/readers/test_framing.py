import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatedrill.devices.readers.framing import MAX_CODE_BYTES, Splitter, split_aim

# Few values, so that terminators, STX and separators come often and next to each other.
streams = st.lists(
    st.sampled_from([b"\r", b"\n", b"\t", b"\x03", b"\x02", b"\x1d", b"]Q1", b"A", b"\xff", b"\0"])
    | st.binary(max_size=3)
    | st.just(b"x" * (MAX_CODE_BYTES - 1)),
    max_size=30,
).map(b"".join)
well_formed = st.text("ABCDEF0123456789-", min_size=1).map(str.encode)
terminators = st.sampled_from([b"\r", b"\n", b"\r\n", b"\t", b"\x03"])


def codes_of(stream: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    splitter = Splitter()
    fed = [splitter.feed(stream[start:end]) for start, end in itertools.pairwise(edges)]
    return [code for codes in fed for code in codes] + splitter.flush()


@pytest.mark.parametrize(
    ("stream", "codes"),
    [
        (b"A1\rB2\r", [b"A1", b"B2"]),
        (b"A1\nB2\n", [b"A1", b"B2"]),
        (b"A1\r\nB2\r\n", [b"A1", b"B2"]),
        (b"A1\tB2\t", [b"A1", b"B2"]),
        (b"\x02A1\x03\x02B2\x03", [b"A1", b"B2"]),
        (b"\r\n\r\nA1\r\n\r\n", [b"A1"]),
        (b"\x02\x03\r", []),
        (b"01A\x1d02B\r", [b"01A\x1d02B"]),
        (b"\x1b~\x7f\rA1\r", [b"\x1b~\x7f", b"A1"]),
        (b"A1\x02B2\r", [b"A1", b"B2"]),
        (b"A\x00\xffB\r", [b"A\x00\xffB"]),
        (b" A 1 \r", [b" A 1 "]),
    ],
)
def test_every_usual_terminator_ends_a_code(stream: bytes, codes: list[bytes]) -> None:
    assert Splitter().feed(stream) == codes


@pytest.mark.parametrize("noise", [b"\0", b"\xff", b"\0\0\xff\0", b"\xff" * 1000])
def test_the_noise_of_a_line_is_no_code_and_sticks_to_none(noise: bytes) -> None:
    stream = noise + b"\r" + noise + b"A1" + noise + b"\r" + noise
    assert codes_of(stream, []) == [b"A1"]


def test_a_code_without_terminator_ends_with_the_silence() -> None:
    splitter = Splitter()
    assert splitter.feed(b"A1") == []
    assert splitter.has_begun
    assert splitter.flush() == [b"A1"]
    assert not splitter.has_begun
    assert splitter.flush() == []


def test_a_line_feed_that_comes_late_makes_no_second_code() -> None:
    splitter = Splitter()
    assert splitter.feed(b"A1\r") == [b"A1"]
    assert not splitter.has_begun
    assert splitter.feed(b"\nB2\r") == [b"B2"]


@pytest.mark.parametrize(("length", "kept"), [(MAX_CODE_BYTES, True), (MAX_CODE_BYTES + 1, False)])
def test_a_line_of_more_than_the_limit_is_dropped_whole(length: int, kept: bool) -> None:
    line = b"x" * length
    assert codes_of(line + b"\rA1\r", [7, 4090, 4095]) == ([line] if kept else []) + [b"A1"]


def test_an_endless_line_is_not_hoarded() -> None:
    splitter = Splitter()
    for _ in range(100):
        assert splitter.feed(b"x" * MAX_CODE_BYTES) == []
    assert len(splitter._begun) <= MAX_CODE_BYTES + 1


def test_after_the_silence_an_over_long_line_is_forgotten() -> None:
    splitter = Splitter()
    splitter.feed(b"x" * (MAX_CODE_BYTES + 1))
    assert splitter.flush() == []
    assert splitter.feed(b"A1\r") == [b"A1"]


@given(streams, st.lists(st.integers(min_value=0)))
def test_the_pieces_in_which_bytes_arrive_do_not_matter(stream: bytes, cuts: list[int]) -> None:
    assert codes_of(stream, cuts) == codes_of(stream, [])


@given(streams)
def test_no_code_is_empty_over_long_or_bears_framing(stream: bytes) -> None:
    for code in codes_of(stream, []):
        assert 0 < len(code) <= MAX_CODE_BYTES
        assert not set(code) & set(b"\r\n\t\x02\x03")
        assert code.strip(b"\0\xff") == code


@given(streams, terminators, well_formed, terminators, st.lists(st.integers(min_value=0)))
def test_a_code_after_garbage_and_a_terminator_is_never_lost(
    garbage: bytes, before: bytes, code: bytes, after: bytes, cuts: list[int]
) -> None:
    assert codes_of(garbage + before + code + after, cuts)[-1] == code


@given(st.lists(streams | st.none(), max_size=8), well_formed)
def test_a_code_between_silences_is_never_lost(sent: list[bytes | None], code: bytes) -> None:
    splitter = Splitter()
    for piece in sent:
        if piece is None:
            splitter.flush()
        else:
            splitter.feed(piece)
    splitter.flush()
    assert splitter.feed(code) + splitter.flush() == [code]


@pytest.mark.parametrize(
    ("code", "symbology", "content"),
    [
        (b"]Q1TICKET", "]Q1", b"TICKET"),
        (b"]C0TICKET", "]C0", b"TICKET"),
        (b"]d2\x1d01", "]d2", b"\x1d01"),
        (b"TICKET", "", b"TICKET"),
        (b"TICKET]Q1", "", b"TICKET]Q1"),
        (b"]Q1", "", b"]Q1"),
        (b"]", "", b"]"),
        (b"]11X", "", b"]11X"),
        (b"\xff\xfe", "", b"\xff\xfe"),
    ],
)
def test_an_aim_identifier_becomes_the_symbology(
    code: bytes, symbology: str, content: bytes
) -> None:
    assert split_aim(code) == (symbology, content)
