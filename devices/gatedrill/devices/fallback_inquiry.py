"""A scan at a gate that may decide without the service: online, else venue, else offline.

    1. The scan is written down, under a nonce, before anybody is asked about it.
    2. The service is asked, unless it is known to be out of reach. A definite answer decides.
    3. Without one, the gate's own copy of the tickets is asked. What it refuses stays refused.
    4. What it would let in is claimed at the venue's registrar; a grant or a refusal decides.
    5. Without an answer there, the gate's own copy decides.
    6. The decision is written down before anybody sees it. What cannot be written lets nobody in.

Steps 4 and 5 only as far as the policy allows. The nonce stands for the scan everywhere: with the
service, with the registrar, and when the decision is uploaded; so asking again is always the same
scan. What was asked and never decided, as the gate died or nobody answered, keeps its nonce for the
next guest with that ticket: if the service has let somebody in meanwhile, it is he.
"""

import random

from gatedrill.contract.attempt import Ask, ClaimAsk
from gatedrill.contract.clock import Clock
from gatedrill.contract.messages import OfflinePolicy, VenueGrant
from gatedrill.contract.outcome import Authority, Outcome, OutcomeKind, Reason
from gatedrill.devices.answers import refused
from gatedrill.devices.checkin import CheckIn, Entitlement, Resolution
from gatedrill.devices.decide import Decision, decide
from gatedrill.devices.inquiry import HoldingInquiry
from gatedrill.devices.offline.errors import NotRecordedError
from gatedrill.devices.standby import Standby, Subject


class FallbackInquiry(HoldingInquiry):
    """Implements `Inquiry`. `attempt` is the scan's name in a drill."""

    def __init__(
        self,
        standby: Standby,
        policy: OfflinePolicy,
        checkin: CheckIn,
        attempt: str,
        symbol: str,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._standby = standby
        self._policy = policy
        self._checkin = checkin
        self._attempt = attempt
        self._symbol = symbol
        self._clock = clock
        self._rng = rng
        self._subject: Subject | None = None
        self._asks: tuple[Ask, ...] = ()
        self._nonce: str | None = None

    async def ask_ahead(self) -> Reason | None:
        """See `Inquiry`. A gate that cannot ask is ready all the same: it decides by itself."""
        subject = await self._begin()
        if self._nonce is None or self._settled(subject) or not self._standby.uplink.is_up:
            return None
        if isinstance(subject.stands_for, Outcome):
            return None
        question = self._checkin.hold(subject.stands_for, self._nonce)
        if await question.until_parked() is None:
            self._question = question
        else:
            await question.withdraw()
            self._standby.uplink.failed()
        return None

    async def decide(self) -> Decision:
        """See `Inquiry`."""
        subject = await self._begin()
        if self._nonce is None:
            return self._decision(refused(Reason.NOT_RECORDED), Authority.OFFLINE)
        settled = self._settled(subject) or await self._ask(subject, self._nonce)
        return await self._write_down(subject, self._nonce, settled)

    async def _ask(self, subject: Subject, nonce: str) -> Decision:
        """What the service says, or else the others."""
        answered = await self._ask_service(subject)
        if answered.outcome.kind is OutcomeKind.UNKNOWN:
            return await self._fall_back(subject, nonce, answered)
        if answered.outcome.admits and self._is_venue_behind(subject):
            outcome, claim = await self.claim(nonce, subject, answered.outcome)
            if outcome is not None and not outcome.admits:
                return self._decision(outcome, Authority.VENUE, claim)
            return answered._replace(claim=claim)
        return answered

    def _is_venue_behind(self, subject: Subject) -> bool:
        """Whether the registrar may have let the guest in, and the service not know it yet.

        For a while after the service was out of reach, what the gates decided then is still being
        uploaded. This gate was cut off itself, so it knows.
        """
        is_allowed = Authority.VENUE in self._policy.authorities
        return is_allowed and subject.found is not None and self._standby.was_cut_off_lately

    async def _begin(self) -> Subject:
        """Find what the symbol stands for, and write the scan down; once."""
        if self._subject is None:
            self._subject = await self._find()
            try:
                self._nonce = await self._standby.begin(self._attempt, self._subject)
            except NotRecordedError as error:
                self._standby.complain(error)
        return self._subject

    def _settled(self, subject: Subject) -> Decision | None:
        """What needs nobody to be asked; None if somebody must be.

        Whom this gate has let in, the service need not know of yet: it would let him in again.
        """
        if isinstance(subject.stands_for, Outcome):
            if subject.settled_by is None:
                return None
            return self._decision(subject.stands_for, subject.settled_by)
        own_word = self._standby.own_word(subject)
        was_here = subject.found is not None and subject.found.used_here
        if was_here and own_word.reason is Reason.ALREADY_USED:
            return self._decision(own_word, Authority.OFFLINE)
        return None

    async def _find(self) -> Subject:
        """By the own copy; a ticket that is not in it may have been sold since it was made."""
        subject = await self._standby.find(self._symbol)
        if subject.settled_by is not None or isinstance(subject.stands_for, Entitlement):
            return subject
        if not self._standby.uplink.is_up:
            return subject
        resolution = await self._checkin.resolve(self._symbol)
        if _is_unknown(resolution.found):
            self._standby.uplink.failed()
        self._asks = resolution.asks
        return subject.resolved(resolution.found)

    async def _ask_service(self, subject: Subject) -> Decision:
        """What the service says; unknown if it is not asked, or does not say."""
        uplink = self._standby.uplink
        if isinstance(subject.stands_for, Outcome) or not (self._question or uplink.is_up):
            return self._decision(Outcome(OutcomeKind.UNKNOWN, Reason.CONNECTION), Authority.ONLINE)
        decision = await decide(
            Resolution(subject.stands_for, self._asks),
            self._question,
            self._checkin,
            self._clock,
            self._rng,
            self._nonce,
        )
        if decision.outcome.kind is OutcomeKind.UNKNOWN:
            uplink.failed()
        self._asks = decision.asks
        return decision._replace(nonce=self._nonce)

    async def _fall_back(self, subject: Subject, nonce: str, unanswered: Decision) -> Decision:
        """What venue or gate say in its place; `unanswered` where nobody may."""
        own_word = self._standby.own_word(subject)
        if not own_word.admits:
            return self._decision(own_word, Authority.OFFLINE)
        claim: ClaimAsk | None = None
        if Authority.VENUE in self._policy.authorities:
            outcome, claim = await self.claim(nonce, subject, own_word)
            if outcome is not None:
                return self._decision(outcome, Authority.VENUE, claim)
        if Authority.OFFLINE in self._policy.authorities:
            return self._decision(own_word, Authority.OFFLINE, claim)
        return unanswered._replace(claim=claim)

    async def claim(
        self, nonce: str, subject: Subject, own_word: Outcome
    ) -> tuple[Outcome | None, ClaimAsk | None]:
        """What the registrar makes of a ticket that the own copy would let in; None if nothing."""
        grant, claim = await self._standby.claim(nonce, subject, self._policy.budget_s)
        return None if grant is None else _granted(grant, own_word), claim

    async def _write_down(self, subject: Subject, nonce: str, decision: Decision) -> Decision:
        """Make it durable. What nobody decided stays open in the journal.

        So does what could not be written, be it the service's word: its nonce is used again for
        the next one with this ticket, and may let in but one.
        """
        if decision.outcome.kind is OutcomeKind.UNKNOWN:
            return decision
        try:
            await self._standby.decide(nonce, subject, decision)
        except NotRecordedError as error:
            self._standby.complain(error)
            refusal = refused(Reason.NOT_RECORDED)
            return decision._replace(outcome=refusal, authority=Authority.OFFLINE)
        return decision

    def _decision(
        self, outcome: Outcome, authority: Authority, claim: ClaimAsk | None = None
    ) -> Decision:
        return Decision(outcome, self._asks, authority=authority, nonce=self._nonce, claim=claim)


def _is_unknown(found: Entitlement | Outcome) -> bool:
    return isinstance(found, Outcome) and found.kind is OutcomeKind.UNKNOWN


def _granted(grant: VenueGrant, own_word: Outcome) -> Outcome:
    if not grant.granted:
        return refused(grant.reason or Reason.ALREADY_USED)
    return Outcome(OutcomeKind.READMITTED) if grant.again else own_word
