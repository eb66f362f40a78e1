"""A PostgreSQL named by hand, with its password elsewhere."""

import json

from command import gatedrill, running
from postgres_server import PASSWORD
from venue_processes import KEY


def without_password(store: str) -> str:
    return store.replace(f":{PASSWORD}@", "@")


def test_a_service_by_hand_takes_the_store_as_an_option_and_the_password_from_elsewhere(
    store: str,
) -> None:
    arguments = ("backend", "--port", "0", "--store", without_password(store))
    variables = {"PGPASSWORD": PASSWORD, "SUPABASE_SERVICE_ROLE_KEY": KEY}
    with running(*arguments, **variables) as command:
        command.err_line("gatedrill: reference backend on PostgreSQL ready at http://")


def test_a_self_test_names_the_store_that_it_ran_on(store: str) -> None:
    arguments = ("--scenario", "slot-1", "--fault", "slots-500-when-full")
    url = without_password(store)
    ended = gatedrill("selftest", *arguments, "--store", url, "--json", PGPASSWORD=PASSWORD)
    assert ended.code == 0, ended.out + ended.err
    [cell] = json.loads(ended.out)
    assert (cell["store"], cell["ending"]) == ("PostgreSQL", "caught")
