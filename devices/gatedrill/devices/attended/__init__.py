"""Gates at which a person presents the tickets: real hardware, in the same steps as emulated ones.

Nobody can let a person go at an instant, so what happens here is timed from its own reading.
"""
