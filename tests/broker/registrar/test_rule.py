from functools import partial, reduce

import msgspec
from registrar_words import admission, claim, said

from gatedrill.broker.registrar.rule import (
    Entry,
    Said,
    TicketState,
    after_admission,
    after_claim,
    judge_claim,
)
from gatedrill.contract.messages import Admission, VenueClaim, VenueGrant
from gatedrill.contract.outcome import Reason

FILE = "file"


def answers(*messages: VenueClaim | Admission) -> list[VenueGrant]:
    """What the claims among these, told one after the other by one fleet, are answered."""
    return answers_to(*said(*messages))


def answers_to(*words: Said) -> list[VenueGrant]:
    known, given = TicketState(), []
    for fleet, each in map(msgspec.structs.astuple, words):
        if isinstance(each, Admission):
            known = after_admission(known, fleet, each)
        else:
            given.append(judge_claim(known, fleet, each, FILE))
            known = after_claim(known, fleet, each, given[-1])
    return given


def refused(claim_id: str, device: str, first: str, fleet: str = "hall-1") -> VenueGrant:
    return VenueGrant(
        claim_id, FILE, False, False, Reason.ALREADY_USED, device, first, first_fleet=fleet
    )


def test_the_first_claim_of_a_ticket_is_granted_and_the_next_one_told_by_whom() -> None:
    assert answers(claim("a", device="gate-1"), claim("b", device="gate-2")) == [
        VenueGrant("a", FILE, granted=True),
        refused("b", "gate-1", "a"),
    ]


def test_a_claim_is_answered_the_same_whenever_it_comes_again() -> None:
    a, b = claim("a"), claim("b")
    first_a, first_b, *again = answers(a, b, a, b, b, a)
    assert again == [first_a, first_b, first_b, first_a]


def test_a_guest_who_comes_back_is_let_in_again_and_one_who_may_not_is_not() -> None:
    first, again, other = answers(
        claim("a", comes_back=True), claim("b", comes_back=True), claim("c")
    )
    assert (first.granted, first.again, first.first_claim) == (True, False, None)
    assert (again.granted, again.again, again.reason, again.first_claim) == (True, True, None, "a")
    assert other == refused("c", "gate-1", "a")


def test_who_was_let_in_by_the_service_is_not_let_in_by_us() -> None:
    assert answers(admission("x", device="gate-7"), claim("a")) == [refused("a", "gate-7", "x")]


def test_the_admission_itself_is_granted_when_its_device_asks_us_too() -> None:
    assert answers(admission("x"), claim("y"), claim("x")) == [
        refused("y", "gate-1", "x"),
        VenueGrant("x", FILE, granted=True),
    ]


def test_a_grant_is_not_repeated_when_the_guest_has_come_in_elsewhere_meanwhile() -> None:
    granted, repeated = answers(claim("a"), admission("x", device="gate-7"), claim("a"))
    assert granted == VenueGrant("a", FILE, granted=True)
    assert repeated == refused("a", "gate-7", "x"), "whoever asks again has let nobody in"


def test_nor_when_another_fleet_tells_of_its_admission_by_the_same_id() -> None:
    mine = said(claim("a"))
    _, repeated = answers_to(*mine, *said(admission("a"), fleet="gate-b"), *mine)
    assert repeated == refused("a", "gate-1", "a", fleet="gate-b")


def test_the_grant_of_who_may_come_back_is_repeated_all_the_same() -> None:
    mine = claim("a", comes_back=True)
    first, _, again = (each for each in answers(mine, admission("x"), claim("b"), mine) if each)
    assert again == first


def test_an_admission_told_after_a_grant_grants_nothing() -> None:
    a, later, itself = answers(claim("a"), admission("x", device="gate-7"), claim("b"), claim("x"))
    assert a == VenueGrant("a", FILE, granted=True)
    assert later == refused("b", "gate-1", "a")
    # Granting it would let a second guest in on our word.
    assert itself == refused("x", "gate-1", "a")


def test_an_admission_told_twice_is_one() -> None:
    told = [admission("x"), admission("y", device="gate-2")]
    tell = partial(reduce, lambda known, each: after_admission(known, "hall-1", each))
    once = tell(told, TicketState())
    assert tell([*told, *told], TicketState()) == once
    assert once.first == Entry("hall-1", "gate-1", "x")


def test_a_fleet_has_no_part_in_the_grant_of_another_whose_claim_it_knows() -> None:
    mine = claim("a")
    granted, stolen, again = answers_to(*said(mine), *said(mine, fleet="gate-b"), *said(mine))
    assert granted == again == VenueGrant("a", FILE, granted=True)
    assert stolen == refused("a", "gate-1", "a")


def test_a_fleet_that_names_the_device_of_another_is_told_of_by_its_own_name() -> None:
    _, refusal = answers_to(*said(claim("a", device="gate-1"), fleet="gate-b"), *said(claim("b")))
    assert refusal == refused("b", "gate-1", "a", fleet="gate-b")


def test_an_admission_in_the_words_of_another_fleet_does_not_grant_the_scan_itself() -> None:
    [grant] = answers_to(*said(admission("x"), fleet="gate-b"), *said(claim("x")))
    assert grant == refused("x", "gate-1", "x", fleet="gate-b")
