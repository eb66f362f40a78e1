"""From stamps to figures."""

import pytest
from benchmarks.simultaneity.bursts import quantile, spreads_ms
from benchmarks.simultaneity.machine import Machine
from benchmarks.simultaneity.report import Figure, Run, markdown, table, with_quantiles
from benchmarks.simultaneity.roster import Camp, Contestant, roster
from benchmarks.simultaneity.run import chosen, reason_not_to_run

MS = 1_000_000


def machine(*, real_time_permitted: bool = True, peers: tuple[str, ...] = ()) -> Machine:
    """One where these peers are installed."""
    return Machine(
        "Linux", "a processor", 2, real_time_permitted, 0.1, {}, dict.fromkeys(peers, "1")
    )


def contestant(name: str) -> Contestant:
    """Of two cores."""
    return next(each for each in roster(2) if each.name == name)


def test_a_spread_is_the_last_minus_the_first_arrival_of_a_burst() -> None:
    arrivals = [0, 1 * MS, 3 * MS, 500 * MS, 500 * MS, 507 * MS]
    assert spreads_ms(arrivals, lanes=3, rounds=2, apart_ns=100 * MS) == [3.0, 7.0]


@pytest.mark.parametrize(
    ("arrivals", "complaint"),
    [
        ([0, 1, 500 * MS], "3 of 4 requests arrived"),
        ([0, 1, 500 * MS, 500 * MS, 500 * MS], "5 of 4 requests arrived"),
        ([0, 60 * MS, 150 * MS, 160 * MS], "ran into one another"),
    ],
)
def test_bursts_that_cannot_be_told_apart_give_no_figure(
    arrivals: list[int], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        spreads_ms(arrivals, lanes=2, rounds=2, apart_ns=100 * MS)


def test_quantiles_lie_between_the_values() -> None:
    assert quantile([1.0, 2.0, 4.0], 0.5) == 2.0
    assert quantile([1.0, 2.0], 0.95) == pytest.approx(1.95)


def test_figures_are_compared_with_the_best_raw_sockets_of_the_same_size() -> None:
    figures = with_quantiles(
        [
            Figure("raw-1", "raw", Camp.LIMIT, 10, (0.2, 0.2)),
            Figure("raw-2", "raw 2", Camp.LIMIT, 10, (0.1, 0.1)),
            Figure("raw-1", "raw", Camp.LIMIT, 100, (5.0,)),
            Figure("ours-1", "gatedrill", Camp.OURS, 10, (0.1, 0.3)),
            Figure("k6", "k6", Camp.PEER, 100, (20.0,)),
        ]
    )
    assert [each.times_limit for each in figures] == pytest.approx([2.0, 1.0, 1.0, 2.0, 4.0])


def test_without_raw_sockets_in_the_run_there_is_nothing_to_compare_with() -> None:
    (figure,) = with_quantiles([Figure("k6", "k6", Camp.PEER, 10, (2.0,))])
    assert (figure.median_ms, figure.times_limit) == (2.0, None)


def test_the_table_names_who_was_not_run_and_why() -> None:
    figures = (
        Figure("ours-1", "gatedrill", Camp.OURS, 10, (0.1, 0.3)),
        Figure("k6", "k6, http.batch", Camp.PEER, 10, why_not="k6 is not to be had here"),
    )
    lines = table(Run(machine(), (10,), with_quantiles(figures))).splitlines()
    assert lines[2].split() == ["|", "**gatedrill**", "|", "0.20", "|", "0.29", "|", "-", "|"]
    assert lines[3].split() == ["|", "k6,", "http.batch", "|", "-", "|", "-", "|", "-", "|"]
    assert lines[5:] == ["- not run with 10 devices: k6, http.batch: k6 is not to be had here"]


def test_a_tables_lines_are_equally_long() -> None:
    lines = markdown([["a", "number"], ["much longer", "1"], ["b", "1,000,000"]])
    assert len({len(line) for line in lines}) == 1
    assert lines[1] == "| ----------- | --------: |"


@pytest.mark.parametrize(
    ("name", "lanes", "here", "reason"),
    [
        ("k6_batch", 10, machine(), "k6 is not to be had here"),
        ("k6_batch", 10, machine(peers=("k6",)), None),
        ("httpx_shared", 1000, machine(peers=("httpx",)), "it takes minutes"),
        ("httpx_shared", 100, machine(peers=("httpx",)), None),
        (
            "ours-2-realtime",
            10,
            machine(real_time_permitted=False),
            "real-time priority is not permitted here",
        ),
        ("ours-2", 10, machine(real_time_permitted=False), None),
    ],
)
def test_who_cannot_run_here_is_known_beforehand(
    name: str, lanes: int, here: Machine, reason: str | None
) -> None:
    assert reason_not_to_run(contestant(name), lanes, here) == reason


def test_a_machine_of_one_core_has_no_second_process() -> None:
    assert [each.name for each in roster(1) if each.camp is Camp.OURS] == [
        "ours-1",
        "ours-1-realtime",
    ]


def test_a_contestant_that_nobody_knows_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        SystemExit, match=r"no contestant nobody; there are raw-1, .*locust_barrier"
    ):
        chosen(["raw-1", "nobody"])
