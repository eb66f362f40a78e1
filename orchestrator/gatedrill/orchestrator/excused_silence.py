"""Silence that was to be expected: a planned fault had taken the device, or the way to it."""

from collections.abc import Iterable, Sequence

from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.outages import NO_BROKER, NO_PROCESS, FaultWindow

_SILENCES = NO_PROCESS | NO_BROKER


class Excuses:
    """Which devices a fault had silenced in which step, or at the end."""

    def __init__(self, evidence: Evidence) -> None:
        self._silences = [each for each in evidence.faults if each.kind in _SILENCES]
        self._spans_ns = _spans_ns(evidence)

    def unexplained(self, step: str, devices: Iterable[str]) -> set[str]:
        """Those whose silence in a step nothing explains.

        A fault explains it that was in force at any time from the step before to the one after.
        """
        from_ns, to_ns = self._spans_ns.get(step, (0, 1 << 62))
        return {
            device
            for device in devices
            if not any(
                _silences(each, device) and each.overlaps(from_ns, to_ns) for each in self._silences
            )
        }

    def unexplained_in_the_end(self, devices: Iterable[str]) -> set[str]:
        """Those whose silence after the last step nothing explains: a fault that never ended."""
        lasting = [each for each in self._silences if each.ended_ns is None]
        return {
            device for device in devices if not any(_silences(each, device) for each in lasting)
        }


def _silences(window: FaultWindow, device: str) -> bool:
    return window.kind in NO_BROKER or device in window.devices


def _spans_ns(evidence: Evidence) -> dict[str, tuple[int, int]]:
    """From the instant of the step before to that of the step after."""
    steps: Sequence[str] = [step.id for step in evidence.plan.steps if step.id in evidence.fired]
    at_ns = [evidence.fired[step].at_ns for step in steps]
    before, after = [0, *at_ns], [*at_ns[1:], 1 << 62]
    return {step: (before[nth], after[nth]) for nth, step in enumerate(steps)}
