"""Where symbols come from: cameras, serial and typing scanners, real and emulated alike.

Whatever the hardware, a reader hands over `Symbol`s one after the other; what a symbol means is
decided elsewhere.
"""
