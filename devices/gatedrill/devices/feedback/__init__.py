"""What the staff at a gate see and hear of a scan."""
