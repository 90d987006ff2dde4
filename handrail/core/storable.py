"""What can be stored of a text: everything but NUL and half characters."""

from __future__ import annotations


def storable(text: str) -> str:
    """Take NUL out of a text and mark a half character (a lone surrogate) with U+FFFD.

    PostgreSQL stores neither, and both come in: JSON can escape them, and a provider's error can
    hold bytes that are no text.
    """
    if "\x00" in text:
        text = text.replace("\x00", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
