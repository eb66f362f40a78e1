"""Characters by number: Alt held, digits of the keypad, Alt released.

Scanners can be set to send so what the country's keyboard lacks, or everything ("ALT mode"); then
they do not depend on any layout.
"""

import sys


def alt_character(digits: str) -> str:
    """The character of a number typed with Alt, as Windows reads it; empty if it has none.

    A leading zero asks for the Windows code page (1252), none for the old DOS one (437), which is
    the same up to 127. Beyond 255 it is Unicode's number.
    """
    number = int(digits)
    if number < 32:  # code page 437 would have pictures here
        return chr(number)
    if number < 256:
        return _in_code_page(number, "cp1252" if digits.startswith("0") else "cp437")
    is_character = number <= sys.maxunicode and not 0xD800 <= number < 0xE000
    return chr(number) if is_character else ""


def _in_code_page(number: int, code_page: str) -> str:
    try:
        return bytes([number]).decode(code_page)
    except UnicodeDecodeError:  # the five holes of 1252, where Windows has the C1 controls
        return chr(number)
