"""A console of rich that outlives its reader."""

from rich.console import Console

from gatedrill.cli.closed_pipe import fall_silent


class QuietConsole(Console):
    """Says nothing more once nobody reads, where rich's own would end the command."""

    def on_broken_pipe(self) -> None:
        """Go on without a reader: the exit code says the verdict all the same."""
        self.quiet = True
        fall_silent(self.file)
