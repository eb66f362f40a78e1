"""Which services may be rehearsed against."""

import pytest

from gatedrill.contract.errors import UsageError
from gatedrill.orchestrator.target import check_target


def complaint(url: str, *allowed: str) -> str:
    with pytest.raises(UsageError) as raised:
        check_target(url, allowed)
    return str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000",
        "http://127.0.0.1",
        "https://127.8.9.10:8443",
        "http://localhost:54321",
        "http://LocalHost",
        "http://[::1]:8000",
        "http://[0:0:0:0:0:0:0:1]",
        "http://127.0.0.1:8000/base",
    ],
)
def test_this_machine_may_always_be_rehearsed_against(url: str) -> None:
    assert check_target(url, ()) == url


def test_a_slash_at_the_end_is_dropped() -> None:
    assert check_target("http://[::1]:8000/", ()) == "http://[::1]:8000"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://abc.supabase.co", "abc.supabase.co"),
        ("http://192.168.1.7:8000", "192.168.1.7"),
        ("http://0.0.0.0:8000", "0.0.0.0"),
        ("http://[2001:db8::1]:8000", "2001:db8::1"),
        ("http://127.0.0.1.example.org", "127.0.0.1.example.org"),
        ("http://localhost.example.org", "localhost.example.org"),
        ("http://128.0.0.1", "128.0.0.1"),
    ],
)
def test_another_machine_must_be_named_twice(url: str, host: str) -> None:
    assert complaint(url, "other.example.org") == (
        f"target host {host} is not this machine: if you may put load on it, "
        f"add --allow-target {host}, or {host} to GATEDRILL_ALLOW_TARGET"
    )
    assert check_target(url, {host}) == url


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:8000",
        "localhost",
        "ftp://127.0.0.1",
        "http://",
        "http:///path",
        "http://:8000",
        "",
        "http://[::1",
        "http://[nonsense]:80",
        "http://127.0.0.1:port",
        "http://127.0.0.1:65536",
        "http://127.0.0.1:0",
        "http://127.0.0.1:-1",
    ],
)
def test_what_is_no_url_of_a_service_is_refused_with_the_form_to_write(url: str) -> None:
    assert complaint(url) == (f"target {url!r} is no URL of a service: write http(s)://host[:port]")


@pytest.mark.parametrize(
    "url",
    [
        "http://user:s3cret@127.0.0.1:8000",
        "http://s3cret@127.0.0.1",
        "http://:s3cret@127.0.0.1",
        "https://user:s3cret@abc.supabase.co",
        "ftp://user:s3cret@127.0.0.1",
        "user:s3cret@127.0.0.1:8000",
        "http://user:s3cret@[::1",
    ],
)
def test_credentials_in_the_url_are_refused_and_not_repeated(url: str) -> None:
    message = complaint(url, "abc.supabase.co")

    assert message == ("a target URL holds no credentials: set SUPABASE_SERVICE_ROLE_KEY instead")
    assert "s3cret" not in message
