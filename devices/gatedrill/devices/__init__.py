"""Gate devices: what reads a ticket, decides about it, and reports the scan."""
