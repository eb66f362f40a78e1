"""Drills as their leads run them, at venues of their own: answers come through stdin."""

import os
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from command import Ended, answered, gatedrill
from runs import history, only_folder, result

from gatedrill.cli.guided_drill import scenario_of
from gatedrill.contract.errors import UsageError
from gatedrill.contract.outcome import Authority
from gatedrill.fixtures.loader import load_scenario
from gatedrill.fixtures.scenario import Burst
from gatedrill.orchestrator.history import Attempted, Reacted
from gatedrill.orchestrator.scorecard import Scorecard

KEY_OF = {"let_in": "l", "turn_away": "t", "call_supervisor": "s"}


class Kept(NamedTuple):
    """How a drill ended, and what it left."""

    ended: Ended
    folder: Path

    @property
    def card(self) -> Scorecard:
        return scorecard(self.folder)


def scorecard(folder: Path) -> Scorecard:
    return msgspec.json.decode((folder / "scorecard.json").read_bytes(), type=Scorecard)


def right_keys(name: str) -> list[str]:
    """What staff type who do all that is right."""
    phases = [each for each in load_scenario(name).phases if isinstance(each, Burst)]
    return [KEY_OF[phase.reaction] for phase in phases if phase.reaction]


@contextmanager
def typing(*lines: str) -> Iterator[int]:
    """Standard input with these lines in it, and nothing after them."""
    reading, writing = os.pipe()
    os.write(writing, "".join(f"{line}\n" for line in lines).encode())
    os.close(writing)
    yield reading
    os.close(reading)


DUPLICATE = right_keys("drill-duplicate")
DUPLICATE[1] = "l"  # let in with a used ticket
ANSWERS = {
    "duplicate": ("--fault", "cancelled-admitted"),
    "vip": (),
    "outage": (),
}
TYPED = {
    "duplicate": DUPLICATE,
    "vip": ["what?", *right_keys("drill-vip")[:4]],
    "outage": right_keys("drill-outage"),
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Kept]:
    """Each drill once, all at once: they wait more than they work."""
    out = tmp_path_factory.mktemp("drills")

    def run(name: str) -> Kept:
        with typing(*TYPED[name]) as stdin:
            arguments = ("drill", name, *ANSWERS[name], "--out", str(out / name))
            with answered(stdin, *arguments) as command:
                ended = command.ended()
        assert ended.left_running == {}
        return Kept(ended, only_folder(out / name))

    with ThreadPoolExecutor(len(ANSWERS)) as runs:
        return dict(zip(ANSWERS, runs.map(run, ANSWERS), strict=True))


def test_a_gate_that_lets_a_cancelled_ticket_in_is_found_and_staff_do_not_pay_for_it(
    kept: dict[str, Kept],
) -> None:
    ended, card = kept["duplicate"].ended, kept["duplicate"].card
    cancelled = card.steps[5]

    assert (ended.code, card.exit_code, card.verdict) == (1, 1, "safety violated")
    assert (cancelled.expected, cancelled.answer, cancelled.gate_ok) == (
        *("cancelled", "admitted"),
        False,
    )
    assert (cancelled.reaction, cancelled.reaction_ok) == ("turn_away", None)
    assert "THE GATE WAS NOT RIGHT: it should answer refused: cancelled." in ended.out
    assert "SAFETY VIOLATED  drill-duplicate" in ended.out
    assert (card.totals.gate_right, card.totals.gate_wrong) == (8, 1)


def test_a_mistake_of_staff_is_told_at_once_and_stands_on_the_scorecard(
    kept: dict[str, Kept],
) -> None:
    ended, card = kept["duplicate"].ended, kept["duplicate"].card

    assert "NOT RIGHT: let in. Right is: turn away." in ended.out
    assert (card.steps[1].reaction, card.steps[1].reaction_ok) == ("let_in", False)
    assert (card.totals.staff_right, card.totals.staff_wrong) == (7, 1)
    assert re.search(r"FAIL  staff  let in, after [0-9.]+ s; right: turn away", ended.out)


def test_questions_that_nobody_answers_are_unanswered_and_the_verdict_stays_that_of_the_gates(
    kept: dict[str, Kept],
) -> None:
    ended, card = kept["vip"].ended, kept["vip"].card
    reactions = [step.reaction for step in card.steps]

    assert (ended.code, result(kept["vip"].folder).verdict) == (0, "passed"), ended.out
    assert reactions == ["let_in"] * 4 + [None] * 3
    assert (card.totals.steps, card.totals.gate_right, card.totals.staff_right) == (7, 7, 4)
    told = [event for event in history(kept["vip"].folder) if isinstance(event, Reacted)]
    assert [event.reaction for event in told] == reactions
    assert "Type l, t, s, then Enter." in ended.out


def test_in_an_outage_the_venue_decides_and_then_the_service_again(kept: dict[str, Kept]) -> None:
    ended, folder, card = *kept["outage"], kept["outage"].card

    assert (ended.code, card.totals.ok) == (0, 9), ended.out
    decided = [
        getattr(event.record, "authority", None)
        for event in history(folder)
        if isinstance(event, Attempted)
    ]
    assert decided[:2] == [Authority.ONLINE] * 2
    assert Authority.ONLINE not in decided[2:6]
    assert decided[3] == Authority.VENUE
    assert decided[6] == decided[8] == Authority.ONLINE
    assert result(folder).pending == ()


def test_a_page_to_be_printed_and_the_tickets_by_their_numbers_are_there(
    kept: dict[str, Kept],
) -> None:
    for ended, folder in kept.values():
        page = (folder / "scorecard.html").read_text(encoding="utf-8")
        for step in scorecard(folder).steps:
            assert step.ticket in page
            assert f"Ticket {step.ticket} at {step.gate}" in ended.out
        assert f"to be printed: {folder / 'scorecard.html'}" in ended.out


def test_an_interrupted_drill_keeps_what_staff_have_answered(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with answered(reading, "drill", "vip", "--out", str(tmp_path)) as command:
        os.close(reading)
        command.out_line("What do you do")
        os.write(writing, b"t\n")
        command.out_line("STEP 2 of 7")
        command.out_line("READMITTED")
        command.send_signal(signal.SIGINT)
        ended = command.ended()
        os.close(writing)
    card = scorecard(only_folder(tmp_path))

    assert (ended.code, ended.left_running) == (130, {})
    assert ended.err_lines[-1] == "gatedrill: interrupted"
    assert card.cut_short == "interrupted"
    assert [step.reached for step in card.steps] == [True] * 2 + [False] * 5
    assert [step.reaction for step in card.steps[:2]] == ["turn_away", None]
    assert "the drill was cut short: interrupted" in ended.out


@pytest.mark.parametrize("name", ["nope", "race", "Vip"])
def test_a_drill_that_there_is_not_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as raised:
        scenario_of(name)

    assert str(raised.value) == (
        f"unknown drill {name!r}: known are duplicate, outage, vip, or give the path of a .toml "
        "file"
    )


@pytest.mark.parametrize(
    ("name", "scenario"),
    [("vip", "drill-vip"), ("drill-vip", "drill-vip"), ("./my.toml", "./my.toml")],
)
def test_a_drill_is_told_by_its_short_name_its_whole_one_or_its_file(
    name: str, scenario: str
) -> None:
    assert scenario_of(name) == scenario


def test_a_scenario_without_a_question_leads_nobody(duel: str) -> None:
    ended = gatedrill("drill", duel)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "gatedrill: scenario duel asks staff nothing: give a burst a reaction, or rehearse it "
        "with gatedrill run\n"
    )
