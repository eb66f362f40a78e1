"""Devices and a registrar between which messages are lost, repeated and reordered, as a machine.

Devices and registrar crash and come back in between. What a device makes of its journal after a
crash is the same claim once more.
"""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from registrar_words import admission, claim

from gatedrill.broker.registrar.faults import OpenBook
from gatedrill.broker.registrar.rule import Said
from gatedrill.contract.messages import VenueClaim, VenueGrant

TICKETS = tuple(f"ticket-{number}" for number in range(1, 6))
FLEETS = ("hall-1", "gate-b")

Scan = tuple[str, str]
"""A fleet, and what it calls a claim or an admission."""


class RegistrarMachine(RuleBasedStateMachine):
    """What the registrar promises, whatever the broker does; `open_book` is whose promise it is."""

    open_book: OpenBook
    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.underway: list[Said] = []
        self.answers: dict[Scan, VenueGrant] = {}
        self.asked: dict[str, VenueClaim] = {}
        self.first: dict[str, Scan] = {}
        self.told: dict[str, set[Scan]] = {ticket: set() for ticket in TICKETS}
        self.start()

    def start(self) -> None:
        self.opened = type(self).open_book(Path(self.folder.name, "registrar.sqlite3"))
        self.book = self.opened.__enter__()

    def stop(self) -> None:
        self.opened.__exit__(None, None, None)

    @rule(
        target=claims,
        ticket=st.sampled_from(TICKETS),
        fleet=st.sampled_from(FLEETS),
        comes_back=st.booleans(),
    )
    def scan(self, ticket: str, fleet: str, comes_back: bool) -> Said:
        """A device journals a scan, and asks."""
        made = claim(f"claim-{len(self.asked)}", ticket, comes_back=comes_back)
        self.asked[made.claim] = made
        self.underway.append(Said(fleet, made))
        return self.underway[-1]

    @rule(made=claims)
    def ask_again(self, made: Said) -> None:
        """After a crash, a lost answer, or by the broker's doing."""
        self.underway.append(made)

    @rule(target=claims, made=claims, fleet=st.sampled_from(FLEETS))
    def ask_in_the_words_of_another(self, made: Said, fleet: str) -> Said:
        """A fleet has heard what another one calls its claim."""
        self.underway.append(Said(fleet, made.message))
        return self.underway[-1]

    @rule(ticket=st.sampled_from(TICKETS), fleet=st.sampled_from(FLEETS))
    def admit_at_the_service_alone(self, ticket: str, fleet: str) -> None:
        """The service has let in a guest about whom we are not asked."""
        self.underway.append(Said(fleet, admission(f"scan-{len(self.underway)}", ticket)))

    @rule(made=claims)
    def admit_at_the_service(self, made: Said) -> None:
        """The service has let in the very scan that we may be asked about too."""
        assert isinstance(made.message, VenueClaim)
        word = admission(made.message.claim, made.message.ticket)
        self.underway.append(Said(made.fleet, word))

    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        if self.underway:
            self.underway.remove(data.draw(st.sampled_from(self.underway)))

    @rule(data=st.data())
    def judge(self, data: st.DataObject) -> None:
        """Some of what is under way arrives, in any order, and is answered in one go."""
        batch = data.draw(st.permutations(self.underway)) if self.underway else []
        batch = batch[: data.draw(st.integers(0, len(batch)))]
        for each, grant in zip(batch, self.book.judge_all(batch), strict=True):
            self.underway.remove(each)
            if isinstance(each.message, VenueClaim):
                self.hear(each.fleet, each.message, grant)
            else:
                scan = (each.fleet, each.message.nonce)
                self.first.setdefault(each.message.ticket, scan)
                self.told[each.message.ticket].add(scan)

    def hear(self, fleet: str, made: VenueClaim, grant: VenueGrant | None) -> None:
        assert grant is not None
        scan = (fleet, made.claim)
        if grant.granted:
            self.first.setdefault(made.ticket, scan)
        before = self.answers.setdefault(scan, grant)
        if grant != before:
            assert before.granted, "a refusal has changed"
            assert not grant.granted, "a grant has changed and is one"
            assert not made.comes_back, "a guest who may come back is refused"
            assert who_was_first(grant) in self.told[made.ticket] - {scan}, "it was withdrawn"

    @rule()
    def restart(self) -> None:
        """The registrar dies, and comes back with its file."""
        self.stop()
        self.start()

    @invariant()
    def no_ticket_is_granted_to_two_claims(self) -> None:
        granted = Counter(
            self.asked[grant.claim].ticket
            for grant in self.answers.values()
            if grant.granted and not grant.again
        )
        assert all(count == 1 for count in granted.values()), granted

    @invariant()
    def who_is_let_in_again_may_come_back_and_was_inside(self) -> None:
        for grant in self.answers.values():
            if grant.granted and grant.again:
                assert self.asked[grant.claim].comes_back
                assert grant.first_claim is not None

    @invariant()
    def whoever_was_let_in_first_stays_first(self) -> None:
        """Be it by a grant or at the service, as it was told."""
        for scan, grant in self.answers.items():
            first = self.first[self.asked[grant.claim].ticket]
            if grant.granted and not grant.again:
                assert scan == first
            else:
                assert who_was_first(grant) == first != scan

    def teardown(self) -> None:
        self.stop()
        self.folder.cleanup()


def who_was_first(grant: VenueGrant) -> Scan:
    """Who let the guest in, as the answer says."""
    assert grant.first_fleet is not None
    assert grant.first_claim is not None
    return grant.first_fleet, grant.first_claim
