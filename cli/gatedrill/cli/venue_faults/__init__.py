"""What can be done to the parts of a venue that a run has started: a fault a file."""
