import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatedrill.contract.clock import ClockEstimate, PingSample, estimate_offset

DAY_NS = 86_400 * 10**9
delays_ns = st.integers(0, 10**9)


@st.composite
def samples_of_one_offset(draw: st.DrawFn) -> tuple[int, list[PingSample]]:
    """Pings between two clocks a fixed offset apart, each direction delayed as it pleases."""
    offset_ns = draw(st.integers(-DAY_NS, DAY_NS))
    samples = []
    for _ in range(draw(st.integers(1, 16))):
        sent_ns = draw(st.integers(0, DAY_NS))
        there_ns, thinking_ns, back_ns = draw(delays_ns), draw(delays_ns), draw(delays_ns)
        received_ns = sent_ns + there_ns + offset_ns
        replied_ns = received_ns + thinking_ns
        answered_ns = replied_ns - offset_ns + back_ns
        samples.append(PingSample(sent_ns, received_ns, replied_ns, answered_ns))
    return offset_ns, samples


@given(samples_of_one_offset())
def test_however_unequal_the_delays_the_true_offset_lies_within_the_bound(
    measured: tuple[int, list[PingSample]],
) -> None:
    offset_ns, samples = measured
    estimate = estimate_offset(samples)
    assert abs(estimate.offset_ns - offset_ns) <= estimate.bound_ns


@given(samples_of_one_offset())
def test_the_bound_is_half_the_smallest_round_trip_rounded_up(
    measured: tuple[int, list[PingSample]],
) -> None:
    smallest_ns = min(sample.round_trip_ns for sample in measured[1])
    assert estimate_offset(measured[1]).bound_ns == -(-smallest_ns // 2)


def test_the_peers_thinking_time_is_no_part_of_the_round_trip() -> None:
    sample = PingSample(sent_ns=0, received_ns=1_010, replied_ns=9_010, answered_ns=8_020)
    assert sample.round_trip_ns == 20
    assert sample.offset_ns == 1_000


def test_the_fastest_sample_alone_decides() -> None:
    slow = PingSample(sent_ns=0, received_ns=5_000, replied_ns=5_000, answered_ns=5_000)
    fast = PingSample(sent_ns=0, received_ns=101, replied_ns=101, answered_ns=2)
    assert estimate_offset([slow, fast, slow]) == ClockEstimate(offset_ns=100, bound_ns=1)


def test_without_a_sample_there_is_no_estimate() -> None:
    with pytest.raises(ValueError, match=r"empty|arg"):
        estimate_offset([])
