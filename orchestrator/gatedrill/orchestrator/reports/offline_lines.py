"""What devices decided without the service, as a person reads it on a terminal."""

from collections.abc import Iterable, Iterator

from rich.text import Text

from gatedrill.orchestrator.reports import offline_wording as wording
from gatedrill.orchestrator.reports.wording import some
from gatedrill.orchestrator.result import Result

_SHOWN = 20


def offline_lines(result: Result) -> Iterator[tuple[str, list[Text]]]:
    """Headings with their lines; none without any."""
    sections = (
        ("faults", [*_faults(result), *_silent(result)]),
        ("admitted twice, which nobody could have known", _cut(_doubles(result))),
        ("locked out", _cut(_locked_out(result))),
        ("scans that the service did not answer in time", _timeouts(result)),
        ("uploads", _uploads(result)),
        ("not uploaded", _cut(Text(f"  {wording.pending_in_words(e)}") for e in result.pending)),
        ("conflicts", _cut(Text(f"  {wording.conflict_in_words(e)}") for e in result.conflicts)),
    )
    yield from ((heading, lines) for heading, lines in sections if lines)


def _cut(lines: Iterable[Text]) -> list[Text]:
    """The first of these, and how many more there are."""
    listed = list(lines)
    hidden = len(listed) - _SHOWN
    return listed if hidden <= 0 else [*listed[:_SHOWN], Text(f"  and {hidden} more lines")]


def _faults(result: Result) -> Iterator[Text]:
    for each in result.faults:
        yield Text(f"  {wording.fault_in_words(each)} ({each.fault})")


def _silent(result: Result) -> Iterator[Text]:
    """Who fell silent, or whose journal was not read, in a run in which things were to fail."""
    if result.faults:
        for each in result.silent:
            yield Text(f"  {some(each.devices)} fell silent in {each.step}: {each.why}")
        for unread in result.unread_journals:
            yield Text(f"  journals of {some(unread.devices)} were not read: {unread.why}")


def _doubles(result: Result) -> Iterator[Text]:
    for each in result.expected_doubles:
        because = wording.because_in_words(each.because)
        yield Text(f"  {each.ticket}: admitted {each.admissions} times, {because}")
        yield from (Text(f"    {line}") for line in each.witness)


def _locked_out(result: Result) -> Iterator[Text]:
    for each in result.locked_out:
        because = wording.because_in_words(each.because)
        yield Text(f"  {each.ticket}: {each.why}, {because}")
        yield from (Text(f"    {line}") for line in each.witness)


def _timeouts(result: Result) -> list[Text]:
    if result.timeouts is None:
        return []
    lines = wording.counted_in_words(result.timeouts, wording.TIMEOUTS)
    return [Text(f"  {line}") for line in lines]


def _uploads(result: Result) -> list[Text]:
    if result.uploads is None:
        return []
    lines = wording.counted_in_words(result.uploads, wording.UPLOADS)
    return [Text(f"  {', '.join(lines)}")]
