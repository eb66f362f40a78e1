"""docker-compose.yml is as .env.example and docs/containers.md say, and gives nothing away."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from document import Document

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
VARIABLE = r"(?<!\$)\$\{([A-Z_]+):-([^}]*)\}"
COMPOSE: dict[str, Any] = yaml.safe_load(re.sub(VARIABLE, r"\2", TEXT))  # as it is without .env
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
MAY_CHANGE_OWNERS = "drills-folder"
CONDUCTS = "orchestrator"


def defaults_in_example() -> dict[str, str]:
    """The variables of .env.example and the values that hold without them."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return dict(re.findall(r"(?m)^#([A-Z_]+)=(.*)$", text))


def test_every_variable_is_in_the_example_with_its_default() -> None:
    used = re.findall(VARIABLE, TEXT)
    looked_at = {("COMPOSE_PROFILES", ""), ("BACKEND_OPTIONS", "")}  # whether they were set at all
    assert set(used) - looked_at == set(defaults_in_example().items())
    assert len(re.findall(r"(?<!\$)\$\{", TEXT)) == len(used), "a variable without a default"


def test_the_example_sets_nothing() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^[^#\n].*", text) == []


def test_the_document_names_every_service_and_profile() -> None:
    document = Document("containers.md")
    assert set(document.names("What is in it")) == set(SERVICES)
    text = (ROOT / "docs" / "containers.md").read_text(encoding="utf-8")
    for service in SERVICES.values():
        for profile in service.get("profiles", ()):
            assert profile in text


def test_every_profile_that_one_is_told_to_choose_is_there() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8") + Document("containers.md").text
    profiles = {each for service in SERVICES.values() for each in service.get("profiles", ())}
    assert set(re.findall(r"COMPOSE_PROFILES=(\w+)", text)) == profiles - {"orchestrator"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_may_do_nothing_that_it_need_not(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["init"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == (["CHOWN"] if name == MAY_CHANGE_OWNERS else [])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["stop_grace_period"] == ("15s" if name == CONDUCTS else "2s")
    user, _, group = str(service.get("user", "10001:10001")).partition(":")
    is_root = not {user, group}.isdisjoint({"0", "root", ""})
    assert is_root == (name == MAY_CHANGE_OWNERS)


def test_the_backend_is_given_the_time_that_it_waits_for_its_database() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    [minutes] = re.findall(r"BACKEND_OPTIONS=.* --wait (\d+)m$", example, re.MULTILINE)
    start_period = SERVICES["backend"]["healthcheck"]["start_period"]
    assert int(start_period.removesuffix("s")) > 60 * int(minutes)


def test_each_part_is_given_its_own_secrets_and_no_other() -> None:
    given = {
        name: {
            str(volume).split(":")[0]
            for volume in service.get("volumes", ())
            if re.match(r"[a-z]+-secrets:|authority:|broker-certificate:", str(volume))
        }
        for name, service in SERVICES.items()
        if name != "accounts"
    }
    assert given == {
        "broker": {"broker-secrets", "broker-certificate"},
        "registrar": {"registrar-secrets"},
        "backend": {"backend-secrets"},
        "device": {"device-secrets"},
        "gate": {"device-secrets"},
        "orchestrator": {"conductor-secrets"},
        "postgres": {"postgres-secrets"},
        "drills-folder": set(),
    }


def test_no_secret_is_written_down() -> None:
    told = re.findall(r"(?i)(?:password|key|secret)[A-Z_]*: +(\S.*)", TEXT)
    assert told
    for value in told:
        assert value.startswith(("/secrets/", "${SUPABASE_SERVICE_ROLE_KEY:-}")), value
