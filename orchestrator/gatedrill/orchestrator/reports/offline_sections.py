"""What failed, and what devices decided without the service: who was let in twice or locked out."""

from collections.abc import Iterator

from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.reports import offline_wording as wording
from gatedrill.orchestrator.reports.figures import NOTHING
from gatedrill.orchestrator.reports.markup import Content, Html, element, joined, markup
from gatedrill.orchestrator.reports.table import table
from gatedrill.orchestrator.reports.wording import some
from gatedrill.orchestrator.result import Result


def offline_sections(result: Result) -> Iterator[Html]:
    """A section for each of these of which there is something to say."""
    yield from _faults(result)
    yield from _authorities(result)
    yield from _doubles(result)
    yield from _locked_out(result)
    yield from _timeouts(result)
    yield from _not_uploaded(result)
    yield from _conflicts(result)


def _faults(result: Result) -> Iterator[Html]:
    if not result.faults:
        return
    yield element("h3", "Faults")
    rows = (
        (
            joined([markup(each.kind), element("small", each.fault)]),
            figures.seconds(each.began_s),
            figures.seconds(each.ended_s),
            some(each.devices),
        )
        for each in result.faults
    )
    columns = ("fault", "began, s", "ended, s", "devices")
    yield table("What failed, in seconds since the run began", columns, rows)


def _authorities(result: Result) -> Iterator[Html]:
    if not result.decided_by:
        return
    yield element("h3", "Who decided")
    rows = (
        (
            wording.AUTHORITIES.get(each.authority, each.authority),
            figures.count(each.decided),
            figures.count(each.admitted),
        )
        for each in result.decided_by
    )
    yield table("Scans by who decided them", ("authority", "decided", "admitted"), rows)


def _doubles(result: Result) -> Iterator[Html]:
    if not result.expected_doubles:
        return
    yield element("h3", "Admitted twice")
    yield element("p", "A device decided alone, and no word of the first admission could reach it.")
    rows = (
        (
            each.ticket,
            figures.count(each.admissions),
            ", ".join(each.because) or NOTHING,
            _listed(each.witness),
        )
        for each in result.expected_doubles
    )
    columns = ("ticket", "admissions", "explained by", "the first two")
    yield table("Tickets that let several people in, as was to be expected", columns, rows)


def _locked_out(result: Result) -> Iterator[Html]:
    if not result.locked_out:
        return
    yield element("h3", "Locked out")
    rows = (
        (each.ticket, each.why, ", ".join(each.because) or "no fault", _listed(each.witness))
        for each in result.locked_out
    )
    columns = ("ticket", "why", "explained by", "refusals")
    yield table("Guests with valid tickets who were turned away", columns, rows)


def _timeouts(result: Result) -> Iterator[Html]:
    if result.timeouts is None:
        return
    yield element("h3", "Time-outs")
    rows = (
        (told, figures.count(getattr(result.timeouts, name)))
        for name, told in wording.TIMEOUTS.items()
    )
    columns = ("what became of them", "scans")
    yield table("Scans that the service did not answer in time", columns, rows)


def _not_uploaded(result: Result) -> Iterator[Html]:
    if result.uploads is None:
        return
    yield element("h3", "Uploads")
    counts = result.uploads
    rows = ((told, figures.count(getattr(counts, name))) for name, told in wording.UPLOADS.items())
    yield table("Where the scans are that devices decided", ("where", "scans"), rows)
    if result.pending:
        yield element("h3", "Not uploaded")
        kept = (
            (each.ticket, each.outcome, each.device, each.state, each.why, each.attempt)
            for each in result.pending
        )
        columns = ("ticket", "outcome", "device", "state", "why", "scan")
        yield table("Scans that only their device has", columns, kept)


def _conflicts(result: Result) -> Iterator[Html]:
    if not result.conflicts:
        return
    yield element("h3", "Conflicts")
    rows: Iterator[tuple[Content, ...]] = (
        (
            each.ticket,
            each.device,
            each.scanned_at or NOTHING,
            each.winner_device or NOTHING,
            each.winner_time or NOTHING,
        )
        for each in result.conflicts
    )
    columns = ("ticket", "uploaded by", "scanned at", "stands at", "since")
    yield table("Uploads that stand behind an earlier scan", columns, rows)


def _listed(lines: tuple[str, ...]) -> Html:
    return element("span", *(element("small", line) for line in lines))
