"""Scales, bars and slices: what drawings are made of."""

import re

import pytest
from evidence_builder import IGNORED, UNKNOWN, Run, own_tickets, plan_of, race, stream
from hypothesis import given
from hypothesis import strategies as st
from judged_runs import judged
from parsed_page import parse_page

from gatedrill.contract.attempt import ScanRecord
from gatedrill.contract.outcome import OutcomeKind
from gatedrill.fixtures.scenario import Stream
from gatedrill.orchestrator.plan import PlannedScan
from gatedrill.orchestrator.reports.chart import Scale, round_step
from gatedrill.orchestrator.reports.histogram import Bin, bin_latencies, bin_name
from gatedrill.orchestrator.reports.page import render_page
from gatedrill.orchestrator.reports.stream_chart import slice_stream
from gatedrill.orchestrator.reports.timeline import draw_timeline, shortened
from gatedrill.orchestrator.rounds import ListedAttempt

latencies = st.lists(st.floats(0, 10_000), min_size=1)


@pytest.mark.parametrize(
    ("rough", "step"), [(0.03, 0.05), (1, 1), (1.1, 2), (2.1, 5), (5.1, 10), (60, 100), (0, 1e-6)]
)
def test_a_step_is_one_two_or_five_times_a_power_of_ten(rough: float, step: float) -> None:
    assert round_step(rough) == pytest.approx(step)


def test_a_scale_goes_from_end_to_end_and_its_ticks_lie_on_it() -> None:
    scale = Scale(0, 66.3, 100, 400)
    assert (scale.at(0), scale.at(66.3)) == (100, 400)
    assert scale.ticks(7) == [0, 10, 20, 30, 40, 50, 60]


def test_a_scale_of_one_value_has_a_place_for_it() -> None:
    assert Scale(5, 5, 100, 400).at(5) == 100


def test_bins_are_of_one_width_and_the_slowest_hundredth_has_one_of_its_own() -> None:
    values = [*range(1, 100), 2000]
    bins = bin_latencies([float(value) for value in values])
    assert bins[:2] == [Bin(0, 5, 4), Bin(5, 10, 5)]
    assert bins[-1].high is None
    assert bins[-1].number == 1
    assert bin_name(bins[0]) == "0 to 5 ms"
    assert bin_name(bins[-1]) == f"{bins[-1].low:g} ms and more"


@given(latencies)
def test_every_latency_is_in_just_one_bin(values: list[float]) -> None:
    bins = bin_latencies(values)
    assert sum(each.number for each in bins) == len(values)
    for each in bins:
        high = each.high if each.high is not None else float("inf")
        assert each.number == pytest.approx(
            sum(each.low <= value < high for value in values), abs=_on_an_edge(each, values)
        )


def _on_an_edge(each: Bin, values: list[float]) -> int:
    """Values that rounding may put on either side."""
    edges = [edge for edge in (each.low, each.high) if edge is not None]
    return sum(value == pytest.approx(edge) for value in values for edge in edges)


@given(latencies)
def test_bins_are_few(values: list[float]) -> None:
    assert len(bin_latencies(values)) <= 33


def scans(run: Run) -> list[ScanRecord]:
    return [seen.record for seen in run.evidence.scans]


def test_a_stream_is_cut_into_slices_by_when_scans_were_to_begin() -> None:
    run = Run(stream(each=3, devices=2))
    [only] = slice_stream(scans(run), run.fired["drill-1"])
    assert (only.begin_s, only.scans, only.unsettled) == (0, 6, 0)


def test_a_slice_counts_unsettled_scans_and_leaves_out_ignored_ones() -> None:
    run = Run(stream(each=3, devices=2))
    run.show("drill-1:gate-01:1", UNKNOWN)
    run.show("drill-1:gate-01:2", IGNORED)
    [only] = slice_stream(scans(run), run.fired["drill-1"])
    assert (only.scans, only.unsettled) == (5, 1)


def test_a_slice_in_which_nothing_counted_is_left_out() -> None:
    run = Run(stream(each=1, devices=1))
    run.show("drill-1:gate-01:1", IGNORED)
    assert slice_stream(scans(run), 0) == []


def test_every_device_has_a_row_with_all_four_instants() -> None:
    [article] = parse_page(render_page([judged(Run(race(probe=False)))])).articles
    rows = [each for each in article.all("g") if each[0].tag == "title"]
    assert [row[0].text for row in rows] == [
        "gate-01: admitted; let go +0.000 ms, decoded -1.0 ms, decided +10.0 ms",
        "gate-02: refused (already_used); let go +0.001 ms, decoded -1.0 ms, decided +10.0 ms",
        "gate-03: refused (already_used); let go +0.002 ms, decoded -1.0 ms, decided +10.0 ms",
    ]


def test_a_symbol_read_ahead_is_a_figure_and_one_read_after_t_is_drawn() -> None:
    ahead = ListedAttempt("gate-01", "admitted", 0.1, -500.0, 20.0)
    after = ListedAttempt("gate-01", "admitted", 0.1, 5.0, 20.0)
    never = ListedAttempt("kiosk-01", "booked", 0.1, None, 20.0)
    assert ">-500.0</text>" in draw_timeline("step", [ahead])
    assert 'class="decoded"' not in draw_timeline("step", [ahead])
    assert 'class="decoded"' in draw_timeline("step", [after])
    assert "read ahead" not in draw_timeline("step", [after])
    assert 'class="decoded"' not in draw_timeline("step", [never])
    assert "decoded" not in _titles(draw_timeline("step", [never]))[1]


def _titles(drawn: str) -> list[str]:
    return re.findall("<title>(.*?)</title>", drawn)


def test_a_re_entry_shows_the_time_of_the_last_one_as_far_as_there_is_room() -> None:
    note = "last entry 2026-11-20T18:59:58.120000+00:00"
    noted = draw_timeline("step", [ListedAttempt("gate-01", "readmitted", 0.1, 5.0, 20.0, note)])
    plain = draw_timeline("step", [ListedAttempt("gate-01", "readmitted", 0.1, 5.0, 20.0)])
    assert ">last entry 2026-11-20T18:59:58…</text>" in noted
    assert note in _titles(noted)[1]
    assert "shown besides" not in plain


def arrivals() -> Run:
    """A stream of 40 guests a second, who are served 500 ms later and later."""
    run = Run(plan_of(Stream("fresh", duration_s=2, arrivals_per_s=40), devices=2))
    for nth, (attempt, event) in enumerate(run.attempts.copy().items()):
        planned = next(each for each in run.plan.steps[0].attempts if each.attempt == attempt)
        assert isinstance(planned, PlannedScan)
        intended_ns = event.record.intended_ns + round((planned.due_s or 0) * 1e9)
        decided_ns = intended_ns + (nth + 1) * 10_000_000
        run.change(attempt, intended_ns=intended_ns, decided_ns=decided_ns)
    return run


def test_guests_who_arrive_stand_where_they_arrived_and_their_wait_counts() -> None:
    run = arrivals()
    slices = slice_stream(scans(run), run.fired["drill-1"])
    assert len(slices) > 20
    assert slices[-1].end_s == pytest.approx(2, abs=0.2)
    assert slices[-1].latency.max == pytest.approx(10 * len(run.attempts))
    page = parse_page(render_page([judged(run)]))
    assert "waiting in line is part of it" in page.text
    rows = page.table("Scans of drill-1 by when they were to begin").values()
    assert sum(row["arrived"].value or 0 for row in rows) == len(run.attempts)


def test_a_closed_loop_knows_no_arrivals() -> None:
    page = parse_page(render_page([judged(Run(stream()))]))
    assert "arriv" not in page.text.split("Configuration")[0]
    rows = page.table("Scans of drill-1 by when they were to begin").values()
    assert sum(row["begun"].value or 0 for row in rows) == 6


@pytest.mark.parametrize("kind", OutcomeKind)
def test_every_kind_of_outcome_has_a_shape_and_its_word(kind: OutcomeKind) -> None:
    drawn = draw_timeline("step", [ListedAttempt("gate-01", str(kind), 0.0, 1.0, 2.0)])
    shapes = {
        each: draw_timeline("step", [ListedAttempt("gate-01", str(each), 0.0, 1.0, 2.0)]).replace(
            each, ""
        )
        for each in OutcomeKind
    }
    assert f">{kind}</text>" in drawn
    assert len(set(shapes.values())) == len(shapes)


def test_a_long_name_is_cut_in_the_drawing_and_whole_beside_it() -> None:
    name = "gate-at-the-far-end-of-the-hall"
    drawn = draw_timeline("step", [ListedAttempt(name, "admitted", 0.0, 1.0, 2.0)])
    assert shortened(name, 16) == "gate-at-the-far…"
    assert ">gate-at-the-far…</text>" in drawn
    assert f"<title>{name}: " in drawn


def test_own_tickets_are_no_race() -> None:
    [row] = parse_page(render_page([judged(Run(own_tickets()))])).table("Every burst").values()
    assert row["a race?"].text == "\N{EN DASH} nobody competes"
