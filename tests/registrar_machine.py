"""Devices and a registrar between which messages are lost, repeated and reordered, as a machine.

Devices and registrar crash and come back in between. What a device makes of its journal after a
crash is the same claim once more.
"""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from registrar_words import admission, claim, said

from gatedrill.broker.registrar.faults import OpenBook
from gatedrill.contract.messages import Admission, VenueClaim, VenueGrant

TICKETS = ("ticket-1", "ticket-2")
DEVICES = ("gate-1", "gate-2", "gate-3")


class RegistrarMachine(RuleBasedStateMachine):
    """What the registrar promises, whatever the broker does; `open_book` is whose promise it is."""

    open_book: OpenBook
    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.underway: list[VenueClaim | Admission] = []
        self.answers: dict[str, VenueGrant] = {}
        self.asked: dict[str, VenueClaim] = {}
        self.first: dict[str, str] = {}
        self.start()

    def start(self) -> None:
        self.opened = type(self).open_book(Path(self.folder.name, "registrar.sqlite3"))
        self.book = self.opened.__enter__()

    def stop(self) -> None:
        self.opened.__exit__(None, None, None)

    @rule(
        target=claims,
        ticket=st.sampled_from(TICKETS),
        device=st.sampled_from(DEVICES),
        comes_back=st.booleans(),
    )
    def scan(self, ticket: str, device: str, comes_back: bool) -> VenueClaim:
        """A device journals a scan, and asks."""
        made = claim(f"claim-{len(self.asked)}", ticket, device=device, comes_back=comes_back)
        self.asked[made.claim] = made
        self.underway.append(made)
        return made

    @rule(made=claims)
    def ask_again(self, made: VenueClaim) -> None:
        """After a crash, a lost answer, or by the broker's doing."""
        self.underway.append(made)

    @rule(made=claims)
    def admit_at_the_service(self, made: VenueClaim) -> None:
        """The service has let in the very scan that we may be asked about too."""
        self.underway.append(admission(made.claim, made.ticket, device=made.device))

    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        if self.underway:
            self.underway.remove(data.draw(st.sampled_from(self.underway)))

    @rule(data=st.data())
    def judge(self, data: st.DataObject) -> None:
        """Some of what is under way arrives, in any order, and is answered in one go."""
        batch = data.draw(st.permutations(self.underway)) if self.underway else []
        batch = batch[: data.draw(st.integers(0, len(batch)))]
        for each, grant in zip(batch, self.book.judge_all(said(*batch)), strict=True):
            self.underway.remove(each)
            if isinstance(each, Admission):
                self.first.setdefault(each.ticket, each.nonce)
            else:
                self.hear(each, grant)

    def hear(self, made: VenueClaim, grant: VenueGrant | None) -> None:
        assert grant is not None
        if grant.granted:
            self.first.setdefault(made.ticket, made.claim)
        assert self.answers.setdefault(made.claim, grant) == grant, "the answer has changed"

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
        for grant in self.answers.values():
            first = self.first[self.asked[grant.claim].ticket]
            if grant.granted and not grant.again:
                assert grant.claim == first
            else:
                assert grant.first_claim == first != grant.claim

    def teardown(self) -> None:
        self.stop()
        self.folder.cleanup()
