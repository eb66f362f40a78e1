"""Lines are read one at a time, whatever stdin is, and never for a question that comes later."""

import asyncio
import os
import pty
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatedrill.cli.typed_lines import TypedLines


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Where to read, and where to write."""
    reading, writing = os.pipe()
    yield reading, writing
    for fd in (reading, writing):
        try:
            os.close(fd)
        except OSError:
            continue


async def all_of(lines: TypedLines) -> list[str]:
    found = []
    while (line := await lines.next()) is not None:
        found.append(line)
    return found


async def test_a_pipe_gives_its_lines_and_then_nothing_for_ever(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"first\n\n  last\r\nno end")
    os.close(pipe[1])
    lines = TypedLines(pipe[0])

    assert await all_of(lines) == ["first", "", "last", "no end"]
    assert await lines.next() is None


async def test_a_file_gives_its_lines_though_no_loop_can_watch_it(tmp_path: Path) -> None:
    path = tmp_path / "answers"
    path.write_text("l\nt\n")
    with path.open("rb") as file:
        assert await all_of(TypedLines(file.fileno())) == ["l", "t"]


@pytest.fixture
def nothing() -> Iterator[int]:
    """Where nothing can be read."""
    fd = os.open(os.devnull, os.O_RDONLY)
    yield fd
    os.close(fd)


async def test_nothing_is_to_be_read_where_stdin_is_empty_or_closed(nothing: int) -> None:
    assert await TypedLines(nothing).next() is None
    assert await TypedLines(None).next() is None


async def test_who_is_called_off_reads_no_line_away(pipe: tuple[int, int]) -> None:
    lines = TypedLines(pipe[0])
    waiting = asyncio.create_task(lines.next())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    os.write(pipe[1], b"later\n")

    assert await lines.next() == "later"


async def test_the_loop_goes_on_while_somebody_thinks(pipe: tuple[int, int]) -> None:
    waiting = asyncio.create_task(TypedLines(pipe[0]).next())
    await asyncio.sleep(0)
    os.write(pipe[1], b"half ")
    await asyncio.sleep(0)
    assert not waiting.done()
    os.write(pipe[1], b"and half\n")

    assert await waiting == "half and half"


async def test_what_was_typed_before_a_question_does_not_answer_it() -> None:
    person, theirs = pty.openpty()
    try:
        lines = TypedLines(theirs)
        assert lines.is_terminal
        os.write(person, b"too early\n")
        waiting = asyncio.create_task(lines.next())
        await asyncio.sleep(0)
        assert not waiting.done()
        os.write(person, b"in time\n")
        assert await waiting == "in time"
    finally:
        os.close(person)
        os.close(theirs)


async def test_a_terminal_that_has_gone_answers_nothing() -> None:
    person, theirs = pty.openpty()
    os.close(person)
    try:
        assert await TypedLines(theirs).next() is None
    finally:
        os.close(theirs)
