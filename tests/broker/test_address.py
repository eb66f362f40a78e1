import pytest

from gatedrill.broker.address import BrokerAddress
from gatedrill.contract.errors import UsageError


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://127.0.0.1", BrokerAddress("127.0.0.1", 1883)),
        ("mqtt://broker.example:18830", BrokerAddress("broker.example", 18830)),
        ("mqtt://[::1]:18830/", BrokerAddress("::1", 18830)),
        ("mqtts://broker.example", BrokerAddress("broker.example", 8883, tls=True)),
        ("mqtt://ann:pass@h", BrokerAddress("h", 1883, username="ann", password="pass")),
        ("mqtt://a%40b:p%2Fs%3A@h:1", BrokerAddress("h", 1, username="a@b", password="p/s:")),
        ("mqtt://ann@h", BrokerAddress("h", 1883, username="ann")),
        ("mqtts://h?ca=/a%20b/ca.pem", BrokerAddress("h", 8883, tls=True, ca="/a b/ca.pem")),
    ],
)
def test_a_url_is_read(url: str, address: BrokerAddress) -> None:
    assert BrokerAddress.parse(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "broker.example",
        "broker.example:1883",
        "http://broker.example",
        "mqtt:broker.example",
        "mqtt://",
        "mqtt://:1883",
        "mqtt://user:pass@",
        "mqtt://two words",
        "mqtt://[::1",
        "mqtt://h:0",
        "mqtt://h:65536",
        "mqtt://h:port",
        "mqtt://h/path",
        "mqtt://h?query",
        "mqtt://h?ca=ca.pem",
        "mqtts://h?ca=",
        "mqtts://h?ca=ca.pem&more=1",
        "mqtt://h#fragment",
        "mqtt://:pass@h",
    ],
)
def test_a_malformed_url_is_the_users_mistake_and_says_what_is_allowed(url: str) -> None:
    with pytest.raises(UsageError, match=r"mqtt://\[user:password@\]host\[:port\]"):
        BrokerAddress.parse(url)


@pytest.mark.parametrize(
    "url",
    [
        "mqtt://ann:hush-hush@h:port",
        "mqtt://ann:hush-hush@",
        "mqtt://:hush-hush@h",
        "mqtt://ann:hush-hush/@h",
        "mqtt://ann:/hush-hush@h",
        "ann:hush-hush@h",
        "mqtt://ann:hush-hush@[::1",
        "mqtt://ann:hush-hush@h/topic",
    ],
)
def test_a_malformed_url_does_not_give_its_password_away(url: str) -> None:
    with pytest.raises(UsageError) as failure:
        BrokerAddress.parse(url)
    assert "hush-hush" not in str(failure.value)
    assert failure.value.__cause__ is None


def test_neither_text_nor_representation_shows_the_password() -> None:
    address = BrokerAddress.parse("mqtts://ann:hush-hush@[::1]:18830")
    assert str(address) == "mqtts://[::1]:18830"
    assert "hush-hush" not in repr(address)
