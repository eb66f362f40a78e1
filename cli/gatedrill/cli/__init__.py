"""The command line: the one place where all parts meet."""
