"""The numbers of a fleet's devices, and who of them is missing."""

import pytest

from gatedrill.contract.numbering import is_numbered, missing_numbers, numbered


def test_numbers_sort_as_names_and_have_two_digits_at_least() -> None:
    assert numbered("gate", 3) == ["gate-01", "gate-02", "gate-03"]
    assert numbered("gate", 0) == []
    for count in (99, 100):
        names = numbered("gate", count)
        assert names == sorted(names)
        assert all(is_numbered(name, "gate") for name in names)


@pytest.mark.parametrize(
    "name",
    [
        "hall-1",
        "hall",
        "hall-",
        "hall-1-01",
        "hall-01x",
        "xhall-01",
        "hall-\u0660\u0661",
        "h.ll-01",
    ],
)
def test_what_is_not_a_prefix_with_a_number_is_no_device_of_it(name: str) -> None:
    assert not is_numbered(name, "hall")


def test_a_prefix_is_taken_as_it_is_written() -> None:
    assert is_numbered("h.ll-01", "h.ll")
    assert not is_numbered("hall-01", "h.ll")


def test_the_missing_are_named() -> None:
    here = {"gate-01", "gate-03"}
    assert missing_numbers("gate", 4, here) == ["gate-02", "gate-04"]
    assert missing_numbers("gate", 2, here) == [], "3 is beyond what is asked for"
    assert missing_numbers("gate", 100, here) == [], "of a hundred, the first would be gate-001"
    assert missing_numbers("gate", 4, set()) == []
    assert missing_numbers("gate", 4, {"gate"}) == []
