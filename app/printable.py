"""Words of others, made safe to show: what would act on a terminal or a page stands as a dot."""

# Control characters and direction overrides; one character each keeps offsets.
_ACTIVE = (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_HARMLESS: dict[int, str] = dict.fromkeys(_ACTIVE, "·")
_HARMLESS |= {ord(space): " " for space in "\t\n\v\f\r\u2028\u2029"}
_HARMLESS |= dict.fromkeys((*range(0xD800, 0xE000), 0xFFFE, 0xFFFF), "\ufffd")  # no characters at all


def printable(text: str) -> str:
    """``text`` on one line, of the same length, without characters that act."""
    return text.translate(_HARMLESS)
