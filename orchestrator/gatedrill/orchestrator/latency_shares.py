"""Whose time it was: an attempt's latency, divided among this machine, the service, the registrar.

All instants are of one clock, the device's, but for the service's own stamps: of these only the
time between two of them counts.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from gatedrill.contract.attempt import Ask, Attempt, ScanRecord
from gatedrill.contract.outcome import Certainty


class Shares(NamedTuple):
    """Nanoseconds of one attempt, by what they went by with; without `service_ns` its latency.

    `wait_ns`: intended instant to release. `read_ns`: release to decoded symbol. `ask_ns`: waiting
    for the service's answers. `pause_ns`: rests that a service asks for by saying that it is busy.
    `claim_ns`: waiting for the registrar's answer. `ours_ns`: all the rest.

    `service_ns`, a part of `ask_ns`, is what the service itself took by its stamps; None if it
    stamped not all answers, or was not asked. It is cut where it exceeds the wait for the answer,
    which clocks of different rates could make it do.
    """

    wait_ns: int
    read_ns: int
    ask_ns: int
    pause_ns: int
    ours_ns: int
    service_ns: int | None
    claim_ns: int = 0

    @property
    def answering_ns(self) -> int:
        """The most that the service can have taken: every wait for its word."""
        return self.ask_ns + self.pause_ns

    def answering_at_least_ns(self, lag_ns: int) -> int:
        """What it has taken for certain, if this machine heard of answers up to `lag_ns` late."""
        return max(self.service_ns or 0, self.ask_ns - lag_ns) + self.pause_ns


class _Span(NamedTuple):
    begin_ns: int
    end_ns: int
    ask: Ask

    @property
    def lasted_ns(self) -> int:
        return self.end_ns - self.begin_ns


def divide(record: Attempt) -> Shares:
    """The shares of one attempt. What was asked before the release is no part of its latency."""
    released_ns = _within(record, record.released_ns)
    decoded_ns = record.decoded_ns if isinstance(record, ScanRecord) else None
    read_ns = max(released_ns, _within(record, decoded_ns or released_ns)) - released_ns
    spans = list(_spans(record, released_ns + read_ns))
    ask_ns = sum(span.lasted_ns for span in spans)
    pause_ns = sum(
        later.begin_ns - span.end_ns for span, later in pairwise(spans) if _says_busy(span.ask)
    )
    claim_ns = _claim_ns(record, released_ns + read_ns, spans)
    return Shares(
        wait_ns=released_ns - record.intended_ns,
        read_ns=read_ns,
        ask_ns=ask_ns,
        pause_ns=pause_ns,
        ours_ns=record.decided_ns - released_ns - read_ns - ask_ns - pause_ns - claim_ns,
        service_ns=_stamped_ns(spans),
        claim_ns=claim_ns,
    )


def lateness_ns(records: Sequence[Attempt]) -> list[int]:
    """How much later than it could each of these was let go.

    It could once the device was through with the attempt before. In a stream this is how late the
    event loop wakes, for an answer no less than from a sleep.
    """
    through_ns: dict[str, int] = {}
    late_ns = [0] * len(records)
    for number, record in _in_order(records):
        could_ns = max(record.intended_ns, through_ns.get(record.device, record.intended_ns))
        late_ns[number] = max(0, record.released_ns - could_ns)
        through_ns[record.device] = record.decided_ns
    return late_ns


def latencies_by_answers_alone_ns(
    records: Sequence[Attempt], answering_ns: Sequence[int]
) -> list[int]:
    """What the latencies would have been if nothing but the answers had taken time.

    A guest who has to wait in line behind others' answers waits for these too.
    """
    free_ns: dict[str, int] = {}
    alone_ns = [0] * len(records)
    for number, record in _in_order(records):
        begin_ns = max(record.intended_ns, free_ns.get(record.device, record.intended_ns))
        end_ns = min(begin_ns + answering_ns[number], record.decided_ns)
        free_ns[record.device] = end_ns
        alone_ns[number] = end_ns - record.intended_ns
    return alone_ns


def _in_order(records: Sequence[Attempt]) -> list[tuple[int, Attempt]]:
    return sorted(enumerate(records), key=lambda each: each[1].released_ns)


def _spans(record: Attempt, from_ns: int) -> Iterator[_Span]:
    """When this attempt waited for an answer, from then on."""
    for ask in sorted(record.asks, key=lambda ask: ask.sent_ns):
        begin_ns = max(from_ns, _within(record, ask.sent_ns))
        end_ns = from_ns = max(begin_ns, _within(record, ask.answered_ns))
        if begin_ns < end_ns:
            yield _Span(begin_ns, end_ns, ask)


def _claim_ns(record: Attempt, from_ns: int, spans: Sequence[_Span]) -> int:
    """For how long the registrar was waited for, once the service was no longer."""
    claim = record.claim if isinstance(record, ScanRecord) else None
    if claim is None:
        return 0
    begin_ns = max([from_ns, _within(record, claim.sent_ns), *(span.end_ns for span in spans)])
    return max(0, _within(record, claim.answered_ns) - begin_ns)


def _within(record: Attempt, at_ns: int) -> int:
    """An instant, moved into the attempt if it lies outside."""
    return min(max(at_ns, record.intended_ns), record.decided_ns)


def _says_busy(ask: Ask) -> bool:
    return ask.reason is not None and ask.reason.certainty is Certainty.RETRYABLE


def _stamped_ns(spans: Sequence[_Span]) -> int | None:
    took_ns = 0
    for span in spans:
        if span.ask.arrived_ns is None or span.ask.departed_ns is None:
            return None
        took_ns += min(max(0, span.ask.departed_ns - span.ask.arrived_ns), span.lasted_ns)
    return took_ns if spans else None
