"""`python -m gatedrill.cli` is `gatedrill`."""

from gatedrill.cli.main import main

main()
