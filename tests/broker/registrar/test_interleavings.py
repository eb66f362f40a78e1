"""Whatever is lost, repeated or reordered: the file keeps its promise, a faulty one does not."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from registrar_machine import RegistrarMachine

from gatedrill.broker.registrar.faults import REGISTRAR_FAULTS, OpenBook, open_book_for

FEW = settings(
    max_examples=80,
    stateful_step_count=30,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


def play(book: OpenBook) -> None:
    """Play the machine on what this opens."""

    class Machine(RegistrarMachine):
        open_book = staticmethod(book)

    run_state_machine_as_test(Machine, settings=FEW)


def test_an_honest_file_keeps_its_promise() -> None:
    play(open_book_for(None))


@pytest.mark.parametrize("fault", [fault.name for fault in REGISTRAR_FAULTS])
def test_a_faulty_one_is_found_out(fault: str) -> None:
    with pytest.raises(AssertionError):
        play(open_book_for(fault))
