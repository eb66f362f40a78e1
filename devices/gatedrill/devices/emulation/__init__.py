"""Emulated hardware: what guests and scanners would put in front of a reader.

Nothing here shortens the way: rendered frames are decoded like a webcam's, and bytes pass through
a pseudo-terminal and pyserial like a USB scanner's.
"""
