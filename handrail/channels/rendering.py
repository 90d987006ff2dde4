"""Writes a reply as HTML for a mail: its words in paragraphs, and nothing that runs or loads."""

from __future__ import annotations

import re
from html import escape

import nh3

_PARAGRAPHS = re.compile(r"\n[ \t\r]{0,40}\n\s{0,400}")


def html_part(text: str) -> str:
    """Return the HTML part of a mail with this text; its only tags are ``p`` and ``br``.

    What looks like markup in the text is shown as it is written. Links stay plain text, so that
    nothing is fetched when the mail is opened and no address hides behind other words.
    """
    paragraphs = (part for part in _PARAGRAPHS.split(text) if part.strip())
    lines = (escape(part.strip()).replace("\n", "<br>") for part in paragraphs)
    return nh3.clean("".join(f"<p>{line}</p>" for line in lines), tags={"p", "br"}, attributes={})
