"""The guide of a drill on a terminal: leads staff from ticket to ticket and asks what they do."""

from collections.abc import Mapping, Sequence

from gatedrill.cli.prompter import Prompter
from gatedrill.contract.attempt import AttemptRecord, ScanRecord
from gatedrill.contract.outcome import Outcome
from gatedrill.fixtures.scenario import Reaction
from gatedrill.orchestrator.captions import captions
from gatedrill.orchestrator.guide import Answer
from gatedrill.orchestrator.plan import BurstStep, Guidance, Plan, Step
from gatedrill.orchestrator.reports.scorecard_wording import (
    REACTIONS,
    answer_in_words,
    expected_in_words,
)
from gatedrill.orchestrator.scorecard import expected_of, is_expected, was_shown

KEYS: Mapping[str, Reaction] = {"l": "let_in", "t": "turn_away", "s": "call_supervisor"}


class TerminalGuide:
    """Implements `Guide`. With `asks` False staff are told of everything and asked nothing."""

    def __init__(self, prompter: Prompter, *, asks: bool = True) -> None:
        self._prompter = prompter
        self._asks = asks
        self._captions: Mapping[str, str] = {}
        self._labels: Mapping[str, str] = {}
        self._told = 0

    async def introduce(self, step: Step, plan: Plan) -> None:
        """Say which ticket is presented where; a person at the gate is waited for."""
        if not isinstance(step, BurstStep) or step.guidance is None:
            return
        if not self._labels:
            self._captions = captions(plan)
            self._labels = {device.name: device.label or device.name for device in plan.devices}
        [planned] = step.attempts
        self._told += 1
        self._prompter.say()
        self._prompter.say(f"STEP {self._told} of {_guided_steps(plan)}", "bold")
        ticket = self._captions.get(planned.attempt, "")
        self._prompter.say(f"Ticket {ticket} at {self._labels[planned.device]}", "bold reverse")
        if step.guidance.brief:
            self._prompter.say(step.guidance.brief)
        if planned.device in plan.attended:
            await self._prompter.wait_for_enter("when you are ready, then present it")

    async def debrief(self, step: Step, records: Sequence[AttemptRecord]) -> Answer | None:
        """Say what the gate has answered, ask what staff do, and tell them what is right."""
        if not isinstance(step, BurstStep) or step.guidance is None:
            return None
        [planned] = step.attempts
        scan = next((each for each in records if each.attempt == planned.attempt), None)
        gate = self._labels[planned.device]
        self._prompter.say()
        if not isinstance(scan, ScanRecord):
            self._prompter.say(f"No answer was heard from {gate}.", "yellow")
            return None
        answer = answer_in_words(str(scan.outcome))
        if not was_shown(scan.outcome):
            self._prompter.say(f"{gate}: {answer}.", "yellow")
            return None
        self._prompter.say(f"{gate} answers  {answer.upper()}", "bold")
        if step.guidance.reaction is None:
            return None
        reaction = await self._ask() if self._asks else None
        self._conclude(step, step.guidance, scan.outcome, reaction)
        return Answer(reaction) if self._asks else None

    async def _ask(self) -> Reaction | None:
        meanings = {key: REACTIONS[reaction] for key, reaction in KEYS.items()}
        key = await self._prompter.choose("What do you do?", meanings)
        return None if key is None else KEYS[key]

    def _conclude(
        self, step: BurstStep, guidance: Guidance, outcome: Outcome, reaction: Reaction | None
    ) -> None:
        right = guidance.reaction
        if not is_expected(outcome, expected_of(step)):
            expected = expected_in_words(expected_of(step))
            self._prompter.say(f"THE GATE WAS NOT RIGHT: it should answer {expected}.", "bold red")
            self._prompter.say("Staff are not judged here. Tell whoever runs the gates.")
            return
        if reaction is not None and reaction == right:
            self._prompter.say(f"RIGHT: {REACTIONS[reaction]}.", "bold green")
        elif right is not None:
            wrong = "" if reaction is None else f"NOT RIGHT: {REACTIONS[reaction]}. "
            style = "bold" if reaction is None else "bold red"
            self._prompter.say(f"{wrong}Right is: {REACTIONS[right]}.", style)
        if guidance.why:
            self._prompter.say(guidance.why)


def _guided_steps(plan: Plan) -> int:
    return sum(isinstance(step, BurstStep) and step.guidance is not None for step in plan.steps)
