"""Every report of a run has the same numbers: those of its result.json."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from evidence_builder import (
    ADMITTED,
    FLEET,
    UNKNOWN,
    Run,
    checkouts,
    hunt,
    linking,
    own_tickets,
    paid_checkout,
    race,
    stream,
    vip_table,
)
from judged_runs import RECORDED, cut_off, judged, recorded
from parsed_page import Cell, Page, parse_page

from gatedrill.contract.messages import ReleaseMode
from gatedrill.orchestrator.history import ClockRead, Released
from gatedrill.orchestrator.metrics import LatencyStats
from gatedrill.orchestrator.reports.formats import RENDERERS
from gatedrill.orchestrator.reports.judged_run import JudgedRun
from gatedrill.orchestrator.result import Result
from gatedrill.orchestrator.run_folder import RunFolder

NAMES = ("inconclusive", "passed", "threshold-crossed", "violated")
STATISTICS = ("avg", "min", "p50", "p95", "p99", "max")


def made_up() -> Iterator[JudgedRun]:
    for plan in (
        race(rounds=2, devices=5),
        own_tickets(),
        stream(),
        vip_table(phases=2),
        checkouts(),
        paid_checkout(),
        linking(),
    ):
        yield judged(Run(plan))
    found = Run(hunt(rounds=4))
    found.shift("drill-1.1:gate-02", 12_340_000)
    found.show("drill-1.3:gate-02", ADMITTED)
    yield judged(found)
    yield judged(two_fleets())
    yield judged(cut_off())
    open_ended = Run(race())
    open_ended.show("drill-1.1:gate-02", UNKNOWN)
    yield judged(open_ended)
    unheard = Run(race())
    unheard.lose(*unheard.attempts.copy())
    yield judged(unheard)
    missing = Run(own_tickets())
    missing.fall_silent("drill-1.1", "gate-02")
    missing.not_ready("drill-1.1", "gate-03")
    yield judged(missing)


def two_fleets() -> Run:
    """Whose clocks drift, and of which one lets go without priority, and one device late."""
    run = Run(race(rounds=2, devices=4))
    run.clocks += [ClockRead("west", 5, 100_000), ClockRead("west", 70_000, 90_000)]
    for number in (1, 2):
        run.move(f"drill-1.{number}:gate-02", "west")
        run.released.append(Released(f"drill-1.{number}", FLEET, ReleaseMode.REAL_TIME))
    run.released.append(Released("drill-1.2", "west", ReleaseMode.ORDINARY))
    run.change("drill-1.2:gate-04", released_ns=run.fired["drill-1.2"] + 7_000_000)
    return run


RUNS = [*recorded(*NAMES), *made_up()]


def written(run: JudgedRun) -> Result:
    """What result.json has, by the way that everybody reads it."""
    return msgspec.json.decode(RENDERERS["json"]([run]), type=Result)


def article(run: JudgedRun) -> Page:
    [found] = parse_page(RENDERERS["html"]([run])).articles
    return found


def properties(run: JudgedRun) -> dict[str, str]:
    root = ElementTree.fromstring(RENDERERS["junit"]([run]))
    return {each.attrib["name"]: each.attrib["value"] for each in root.iter("property")}


@pytest.mark.parametrize("name", NAMES)
def test_as_json_a_run_is_its_result_file_byte_for_byte(name: str, tmp_path: Path) -> None:
    for file in (RECORDED / name).iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    RunFolder(tmp_path).write_result(RunFolder(tmp_path).read().judge())
    assert RENDERERS["json"](recorded(name)) == (tmp_path / "result.json").read_text()


def test_as_json_several_runs_are_an_array() -> None:
    runs = recorded("passed", "violated")
    decoded = msgspec.json.decode(RENDERERS["json"](runs), type=list[Result])
    assert decoded == [run.result for run in runs]


@pytest.mark.parametrize("run", RUNS)
def test_checks_are_the_same(run: JudgedRun) -> None:
    table = article(run).table("Was it right?")
    shown = [
        (name, row["status"].text[2:], row["examined"].value, row["wrong"].value)
        for name, row in table.items()
    ]
    judged_ones = [check for check in written(run).checks if check.why_not_judged is None]
    assert shown == [
        (check.name, check.status, check.examined, check.violations) for check in judged_ones
    ]
    others = article(run).table("Checks that were not judged")
    told = {name: why for why, row in others.items() for name in row["checks"].text.split(", ")}
    assert told == {
        check.name: check.why_not_judged
        for check in written(run).checks
        if check.why_not_judged is not None
    }


@pytest.mark.parametrize("run", [run for run in RUNS if run.result.records])
def test_records_are_the_same(run: JudgedRun) -> None:
    table = article(run).table("What the service has on record")
    terminal = RENDERERS["terminal"]([run])
    facts = written(run).records
    assert [(what, row["before"].text, row["after"].text) for what, row in table.items()] == [
        (fact.what, fact.before or "-", fact.after) for fact in facts
    ]
    for fact in facts:
        earlier = "" if fact.before is None else f"{fact.before} -> "
        assert f"\n  {fact.what}  {earlier}{fact.after}\n" in terminal


@pytest.mark.parametrize("run", [run for run in RUNS if run.result.thresholds])
def test_thresholds_are_the_same(run: JudgedRun) -> None:
    table = article(run).table("Was it good enough?")
    assert [
        (name, row["status"].text[2:] == "met", row["value"].value) for name, row in table.items()
    ] == [
        (f"{each.metric}: {each.expression}", each.passed, each.value)
        for each in written(run).thresholds
    ]


@pytest.mark.parametrize("run", RUNS)
def test_latencies_of_every_stage_are_the_same(run: JudgedRun) -> None:
    result, terminal = written(run), RENDERERS["terminal"]([run])
    *stages, claim = msgspec.structs.astuple(result.stages)
    claims = [] if claim is None else [claim]
    rows = article(run).table("Milliseconds, counted from the intended instant")
    for (name, row), stats in zip(
        rows.items(), (*stages, *claims, result.service_duration, result.own_duration), strict=True
    ):
        assert [row[each].value for each in ("attempts", *STATISTICS)] == _values(stats)
        [line] = [line for line in terminal.splitlines() if line.strip().startswith(f"{name}  ")]
        count, *shown = (row[each].text for each in ("attempts", *STATISTICS) if each != "min")
        assert line.split()[-6:] == [count if stats else "-", *shown]


@pytest.mark.parametrize("run", RUNS)
def test_whose_share_the_latency_was_is_the_same_for_build_servers(run: JudgedRun) -> None:
    result, told = written(run), properties(run)
    for metric in ("service_duration", "own_duration"):
        stats = getattr(result, metric)
        for name in STATISTICS:
            expected = None if stats is None else _as_json(getattr(stats, name))
            assert told.get(f"{metric}.{name}_ms") == expected


def _values(stats: LatencyStats | None) -> list[float | None]:
    if stats is None:
        return [0, *(None for _ in STATISTICS)]
    return [stats.count, *(getattr(stats, name) for name in STATISTICS)]


@pytest.mark.parametrize("run", [run for run in RUNS if run.result.outcomes])
def test_outcomes_and_the_bars_of_the_distributions_count_the_same_attempts(
    run: JudgedRun,
) -> None:
    page, counters = article(run), written(run).counters
    outcomes = [row["attempts"].value for row in page.table("Attempts by kind and reason").values()]
    assert outcomes == [each.count for each in written(run).outcomes]
    assert sum(each.count for each in written(run).outcomes) == counters.attempts
    for what, counted in (("scans", counters.scans), ("checkouts", counters.checkouts)):
        caption = f"{what.capitalize()} by latency"
        rows = page.table(caption).values() if caption in page.captions() else ()
        assert sum(row[what].value or 0 for row in rows) == counted


@pytest.mark.parametrize("run", [run for run in RUNS if run.result.rounds])
def test_bursts_and_release_skew_are_the_same(run: JudgedRun) -> None:
    page, result = article(run), written(run)
    shown = [
        (
            name,
            row["let go within, ms"].value,
            row["known to ± ms"].value,
            row["planned"].value,
            row["contending"].value,
            row["under way at one instant"].value,
            row["by the stamps of"].text,
        )
        for name, row in page.table("Every burst").items()
    ]
    assert shown == [
        (
            each.step,
            each.release_skew_ms,
            each.skew_bound_ms,
            each.planned,
            each.contending,
            each.in_flight,
            each.overlap_source,
        )
        for each in result.rounds
    ]
    if result.release_skew is not None:
        [skew] = page.table("First to last release of a burst, ms").values()
        figures = [cell.value for cell in list(skew.values())[1:]]
        assert figures == list(msgspec.structs.astuple(result.release_skew))


def test_how_bursts_were_let_go_and_who_was_late_is_told_burst_by_burst() -> None:
    told = article(judged(two_fleets())).table("Every burst")

    assert [row["let go"].text for row in told.values()] == [
        "with real-time priority",
        "partly with real-time priority; more than 5 ms late: gate-04",
    ]


def test_a_hunt_is_told_as_one_and_its_rounds_are_called_sweeps() -> None:
    [run] = [run for run in RUNS if any(hunt.found_in_round for hunt in run.result.hunts)]
    page = article(run)
    assert [
        (name, row["rounds"].value, row["window, ms"].value, row["found in round"].value)
        for name, row in page.table("Rounds until one ticket let two in").items()
    ] == [msgspec.structs.astuple(hunt) for hunt in written(run).hunts]
    first, second, *_ = page.table("Every burst").values()
    assert first["a race?"].text == "\N{EN DASH} a sweepspread over 12.3 ms, meant so"
    assert second["a race?"].text == "\N{EN DASH} a sweepspread over 0.0 ms, meant so"
    assert "Rounds until one ticket let two in" not in article(RUNS[0]).captions()


@pytest.mark.parametrize("run", [run for run in RUNS if run.result.rounds])
def test_each_attempt_of_a_listed_burst_is_the_same(run: JudgedRun) -> None:
    page = article(run)
    for each in (burst for burst in written(run).rounds if burst.attempts):
        table = page.table(f"Attempts of {each.step}, milliseconds from the intended instant T")
        assert [
            (name, *(cell.value if cell.value is not None else cell.text for cell in _rest(row)))
            for name, row in table.items()
        ] == [
            (
                attempt.device,
                f"{attempt.outcome}, {attempt.note}" if attempt.note else attempt.outcome,
                attempt.released_ms,
                "-" if attempt.decoded_ms is None else attempt.decoded_ms,
                attempt.decided_ms,
            )
            for attempt in sorted(each.attempts, key=lambda attempt: attempt.decided_ms)
        ]


def _rest(row: dict[str, Cell]) -> list[Cell]:
    return list(row.values())[1:]


@pytest.mark.parametrize("run", RUNS)
def test_clocks_silent_and_unready_devices_are_the_same(run: JudgedRun) -> None:
    page, result = article(run), written(run)
    clocks = page.table("Clocks of the fleets against the conductor's")
    assert [(name, *(cell.value for cell in _rest(row))) for name, row in clocks.items()] == [
        msgspec.structs.astuple(clock) for clock in result.clocks
    ]
    silent = page.table("Devices that fell silent") if result.silent else {}
    assert [row["devices"].text for row in silent.values()] == [
        ", ".join(each.devices) for each in result.silent
    ]
    unready = page.table("Devices that were not ready") if result.unready else {}
    assert [(row["device"].text, row["why"].text) for row in unready.values()] == [
        (each.device, each.why) for each in result.unready
    ]


@pytest.mark.parametrize("run", RUNS)
def test_the_first_figures_and_the_properties_for_build_servers_are_the_same(
    run: JudgedRun,
) -> None:
    result, told, tiles = written(run), properties(run), article(run).facts("tiles")
    counters, skew = result.counters, result.release_skew
    expected: dict[str, tuple[str, float | None]] = {
        "attempts": ("attempts", counters.attempts),
        "devices": ("devices", result.devices),
    }
    if skew is not None:
        expected["release skew, median"] = ("release_skew.median_ms", skew.median_ms)
    if result.scan_duration is not None:
        races = ("race_conditions_caught", counters.race_conditions_caught)
        expected["races caught by the service"] = races
        expected["scan errors"] = ("scan_errors", counters.scan_errors)
        expected["scan latency, p95"] = ("scan_duration.p95_ms", result.scan_duration.p95)
    if result.checkout_duration is not None:
        p95 = ("checkout_duration.p95_ms", result.checkout_duration.p95)
        expected["checkout errors"] = ("checkout_errors", counters.checkout_errors)
        expected["checkout latency, p95"] = p95
    kinds: Counter[str] = Counter()
    for each in result.outcomes:
        kinds[each.kind] += each.count
    assert {name: cell.value for name, cell in tiles.items()} == {
        **{name: value for name, (_, value) in expected.items()},
        **kinds,
    }
    for property_name, value in expected.values():
        assert told.get(property_name) == (None if value is None else _as_json(value))


def _as_json(value: float) -> str:
    return msgspec.json.encode(value).decode()


@pytest.mark.parametrize("run", RUNS)
def test_what_the_page_shows_of_a_figure_is_what_the_terminal_shows(run: JudgedRun) -> None:
    """The latencies of all scans, thresholds and skew, digit by digit."""
    terminal, page = RENDERERS["terminal"]([run]), article(run)
    [everything, *_] = page.table("Milliseconds, counted from the intended instant").values()
    shown = [everything[name].text for name in STATISTICS if name != "min"]
    assert shown == terminal.split("\n  all ")[1].split("\n")[0].split()[1:]
    for name, row in page.table("Was it good enough?").items() if run.result.thresholds else ():
        assert f"{name:<30} {row['value'].text}\n" in terminal
    if run.result.release_skew is not None:
        [skew] = page.table("First to last release of a burst, ms").values()
        assert f"median {skew['median'].text}, p95 {skew['p95'].text} ms" in terminal
    for name, cell in page.facts("tiles").items():
        assert not name.endswith(" errors") or f"{cell.text} errors" in terminal


@pytest.mark.parametrize("run", RUNS)
def test_the_verdict_is_the_same_everywhere(run: JudgedRun) -> None:
    [heading] = article(run).all("h2")
    verdict = written(run).verdict
    assert "".join(heading.itertext())[2:] == f"{verdict.upper()} {run.result.scenario}"
    assert properties(run)["verdict"] == verdict
    assert RENDERERS["terminal"]([run]).startswith(verdict.upper())
