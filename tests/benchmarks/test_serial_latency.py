"""The benchmark of the serial path runs, with few codes, and says what it measured."""

from benchmarks import device_cache
from benchmarks.serial_latency import WARM_UP, Latency, measure, table


async def test_every_code_is_read_and_decided() -> None:
    async with device_cache.backend() as url:
        taken = await measure(url, ports=3, codes=7)
    assert len(taken) == 9, "three rounds, and those of the warm-up are left out"
    assert WARM_UP > 0
    assert all(0 < each.read_ms < each.decided_ms for each in taken)


def test_the_table_has_both_latencies_and_their_quantiles() -> None:
    taken = [Latency(float(number), number + 100.0) for number in range(100)]
    symbol, decision = table(10, taken).splitlines()
    assert symbol.split() == ["symbol,", "10", "ports", "50.000", "95.000", "99.000"]
    assert decision.split() == ["decision,", "10", "ports", "150.000", "195.000", "199.000"]
