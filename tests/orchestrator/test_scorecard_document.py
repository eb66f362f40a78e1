"""docs/drills.md tells what a scorecard says, no more and no less."""

from pathlib import Path
from typing import get_args

import msgspec
import pytest
from document import Document, fields

from gatedrill.cli.guided_drill import DEFAULT_SEED, PREFIX, refuse_unguided
from gatedrill.cli.person_hands import DEEDS
from gatedrill.cli.terminal_guide import KEYS
from gatedrill.fixtures.loader import load_scenario, shipped_scenarios
from gatedrill.fixtures.scenario import Reaction
from gatedrill.orchestrator.scorecard import (
    SCORECARD_FORMAT,
    SCORECARD_VERSION,
    Scorecard,
    ScoredStep,
    Totals,
)

DOCUMENT = Document("drills.md")


@pytest.mark.parametrize(
    ("heading", "struct"), [("Scorecard", Scorecard), ("Totals", Totals), ("A step", ScoredStep)]
)
def test_every_field_is_documented_in_order(heading: str, struct: type[msgspec.Struct]) -> None:
    assert DOCUMENT.names(heading) == fields(struct)


def test_format_and_version_are_documented() -> None:
    assert DOCUMENT.meaning("Scorecard", "format") == SCORECARD_FORMAT
    assert DOCUMENT.meaning("Scorecard", "version") == f"version of this file, {SCORECARD_VERSION}"


def test_every_drill_is_documented() -> None:
    shipped = [each.name for each in shipped_scenarios() if each.name.startswith(PREFIX)]

    assert sorted(PREFIX + name for name in DOCUMENT.names("Guided drills")) == shipped


def test_every_reaction_is_documented_with_its_key() -> None:
    told = {row[1]: row[0] for row in DOCUMENT.table("What counts as right")}

    assert told == dict(KEYS)
    assert set(KEYS.values()) == set(get_args(Reaction))


def test_the_seed_of_drills_and_what_people_can_do_are_documented() -> None:
    assert f"The seed is {DEFAULT_SEED} by default" in DOCUMENT.words
    assert all(f"`{fault}`" in DOCUMENT.section("A drill of your own") for fault in DEEDS)


def test_the_example_is_a_scenario_that_asks_people(tmp_path: Path) -> None:
    [example] = DOCUMENT.code("toml")
    path = tmp_path / "my-door.toml"
    path.write_text(example, encoding="utf-8")

    refuse_unguided(load_scenario(str(path)), is_elsewhere=True)
