"""The page templates: escaped always, with the few filters they need."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from handrail.core.conversation import FieldValue

FOLDER = Path(__file__).parent / "templates"


def templates() -> Jinja2Templates:
    """Open the templates; a name that is not there is an error, not an empty string."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "clock": clock,
        "iso": iso,
        "percent": percent,
        "duration": duration,
        "words": words,
        "shown": shown,
        "initials": initials,
    }
    return Jinja2Templates(env=environment)


def clock(moment: datetime | None) -> str:
    """A moment as the page shows it before the browser puts it in the reader's time zone."""
    return f"{moment.astimezone(UTC):%d %b %H:%M} UTC" if moment else ""


def iso(moment: datetime | None) -> str:
    """A moment for programs."""
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else ""


def percent(value: float | None) -> str:
    """A probability as a percentage."""
    return "" if value is None else f"{value * 100:.0f} %"


def duration(nanoseconds: float) -> str:
    """A length of time in the unit that suits it."""
    seconds = nanoseconds / 1e9
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds * 1_000:.1f} ms"


def words(name: str | None) -> str:
    """A short name, such as ``order_status``, as words."""
    return (name or "").replace("_", " ")


def shown(field: FieldValue) -> str:
    """The value of a record field as a person reads it; internal ones stay inside."""
    if field.visibility == "internal":
        return "••••"
    if isinstance(field.value, bool):
        return "yes" if field.value else "no"
    if field.value is None:
        return "–"
    if field.type == "money" and field.currency:
        return f"{field.value} {field.currency}"
    return words(str(field.value)) if field.type == "status" else str(field.value)


def initials(name: str) -> str:
    """Up to two letters that stand for a name."""
    return "".join(part[0] for part in name.split()[:2] if part[:1].isalnum()).upper() or "?"
