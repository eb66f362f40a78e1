"""How close together a burst's requests arrive at a service: gatedrill beside load tools.

    python -m benchmarks.simultaneity.run --sizes 10,100 --rounds 30

Every contestant sends the same bursts to the same server, whose kernel's receive timestamps are
the only measure. Contestants take turns, so that a noisy minute meets them all. The machine should
have nothing else to do.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from benchmarks.simultaneity import document, peers
from benchmarks.simultaneity.machine import Machine, raise_file_limit, this_machine
from benchmarks.simultaneity.picture import picture
from benchmarks.simultaneity.places import PICTURE
from benchmarks.simultaneity.report import Figure, Run, table, with_quantiles
from benchmarks.simultaneity.roster import Contestant, cores, roster
from benchmarks.simultaneity.service import Service, serving
from benchmarks.simultaneity.visit import VisitFailed, visit

VISITS = 3
SPARE_FILES = 200


class Tally:
    """What one contestant has achieved at one size so far."""

    def __init__(self, contestant: Contestant, lanes: int, machine: Machine) -> None:
        self.contestant = contestant
        self.lanes = lanes
        self.spreads_ms: list[float] = []
        self.why_not = reason_not_to_run(contestant, lanes, machine)

    def add(self, service: Service, rounds: int) -> None:
        """One visit; the first that fails is the last."""
        if self.why_not:
            return
        try:
            self.spreads_ms += visit(self.contestant, service, self.lanes, rounds)
        except VisitFailed as error:
            self.why_not = str(error)
            tell(f"{self.contestant.title}, {self.lanes:,} devices: {error}")

    def figure(self) -> Figure:
        """What it comes to; a contestant that failed once has no figure."""
        name, title, camp, *_ = self.contestant
        spreads = () if self.why_not else tuple(self.spreads_ms)
        return Figure(name, title, camp, self.lanes, spreads, why_not=self.why_not)


def main() -> None:
    """Measure, and print one table."""
    options = read_options()
    contestants = chosen(options.only)
    raise_file_limit(max(options.sizes) + SPARE_FILES)
    if any(each.peer for each in contestants):
        peers.install()
    run = measure(contestants, options.sizes, options.rounds)
    print("\n".join([*run.machine.lines(), "", table(run)]))
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(run)) + b"\n")
    if options.write_docs:
        PICTURE.write_text(picture(run), encoding="utf-8")
        document.fill("simultaneity", [*run.machine.lines(), "", table(run)])


def read_options() -> argparse.Namespace:
    """What the user asks for."""
    names = ", ".join(each.name for each in roster(cores()))
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=numbers, default=(10, 100, 1000), help="like 10,100,1000")
    parser.add_argument("--rounds", type=int, default=30, help="bursts of each (default 30)")
    parser.add_argument("--only", type=words, default=(), help=f"some of: {names}")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--write-docs", action="store_true", help="fill in docs/performance.md")
    return parser.parse_args()


def numbers(text: str) -> tuple[int, ...]:
    """As in `10,100`; ValueError for what is none."""
    sizes = tuple(int(number) for number in text.split(","))
    if min(sizes) < 1:
        raise ValueError("a burst needs at least one device")
    return sizes


def words(text: str) -> tuple[str, ...]:
    """As in `raw-1,ours-1`."""
    return tuple(text.split(","))


def chosen(names: Sequence[str]) -> list[Contestant]:
    """Those with these names, or all; ends the program for a name that nobody has."""
    everybody = roster(cores())
    unknown = set(names) - {each.name for each in everybody}
    if unknown:
        sys.exit(
            f"--only: no contestant {', '.join(sorted(unknown))}; "
            f"there are {', '.join(each.name for each in everybody)}"
        )
    return [each for each in everybody if not names or each.name in names]


def measure(contestants: Sequence[Contestant], sizes: Sequence[int], rounds: int) -> Run:
    """Have all contestants visit the server in turn, several times."""
    machine = this_machine()
    tallies = [Tally(each, size, machine) for size in sizes for each in contestants]
    visits = min(VISITS, rounds)
    with serving() as service:
        for number in range(visits):
            tell(f"visit {number + 1} of {visits}")
            # Each time somebody else begins.
            for tally in [*tallies[number:], *tallies[:number]]:
                tally.add(service, -(-rounds // visits))
    return Run(machine, tuple(sizes), with_quantiles(tally.figure() for tally in tallies))


def reason_not_to_run(contestant: Contestant, lanes: int, machine: Machine) -> str | None:
    """Why a contestant cannot run here with so many devices, if it cannot."""
    if contestant.peer and contestant.peer not in machine.peers:
        return f"{contestant.peer} is not to be had here"
    if contestant.largest and lanes > contestant.largest:
        return "it takes minutes"
    if contestant.name.endswith("realtime") and not machine.real_time_permitted:
        return "real-time priority is not permitted here"
    return None


def tell(what: str) -> None:
    """Progress."""
    print(what, file=sys.stderr)


if __name__ == "__main__":
    main()
