"""The keyboard layouts that scanners are set to, by country.

The characters are those of xkeyboard-config (us, gb, de, fr), as far as Windows has them on the
same key: scanners are made to type into Windows. Where the two differ Windows is followed: on a
French keyboard the tilde (AltGr+2) and the grave accent (AltGr+7) are dead keys, which a scanner
follows with a blank (kbdfr), and on a British one AltGr and the key above Tab is the broken bar.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gatedrill.devices.readers.hid.accents import ACUTE
from gatedrill.devices.readers.hid.key_codes import (
    KEY_2,
    KEY_7,
    KEY_EQUAL,
    KEY_GRAVE,
    KEY_LEFTBRACE,
)
from gatedrill.devices.readers.hid.layout import ALTGR, PLAIN, SHIFT, Layout

_US: Final = Layout.of_rows(
    ("`1234567890-=", "qwertyuiop[]", "asdfghjkl;'\\", " zxcvbnm,./"),
    ("~!@#$%^&*()_+", "QWERTYUIOP{}", 'ASDFGHJKL:"|', " ZXCVBNM<>?"),
)

_GB: Final = Layout.of_rows(
    ("`1234567890-=", "qwertyuiop[]", "asdfghjkl;'#", "\\zxcvbnm,./"),
    ('¬!"£$%^&*()_+', "QWERTYUIOP{}", "ASDFGHJKL:@~", "|ZXCVBNM<>?"),
    ("¦   €        ", "            ", "            ", "           "),
)

_DE: Final = Layout.of_rows(
    (" 1234567890ß ", "qwertzuiopü+", "asdfghjklöä#", "<yxcvbnm,.-"),
    ('°!"§$%&/()=? ', "QWERTZUIOPÜ*", "ASDFGHJKLÖÄ'", ">YXCVBNM;:_"),
    ("  ²³   {[]}\\ ", "@ €        ~", "            ", "|      µ   "),
    accents={(KEY_GRAVE, PLAIN): "^", (KEY_EQUAL, PLAIN): ACUTE, (KEY_EQUAL, SHIFT): "`"},
    decimal=",",
)

_FR: Final = Layout.of_rows(
    ("²&é\"'(-è_çà)=", "azertyuiop $", "qsdfghjklmù*", "<wxcvbn,;:!"),
    (" 1234567890°+", "AZERTYUIOP £", "QSDFGHJKLM%µ", ">WXCVBN?./§"),
    ("   #{[| \\^@]}", "  €        ¤", "            ", "           "),
    accents={
        (KEY_LEFTBRACE, PLAIN): "^",
        (KEY_LEFTBRACE, SHIFT): "¨",
        (KEY_2, ALTGR): "~",
        (KEY_7, ALTGR): "`",
    },
)

LAYOUTS: Final[Mapping[str, Layout]] = MappingProxyType(
    {"us": _US, "gb": _GB, "de": _DE, "fr": _FR}
)
"""By the country's two letters, as xkeyboard-config has them."""
