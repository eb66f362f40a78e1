"""What is plugged into this machine, and what stands in the way of reading it."""
