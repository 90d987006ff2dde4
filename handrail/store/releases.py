"""Playbook releases: stored once, never changed, one of them active."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from handrail.core.errors import NotFoundError
from handrail.playbook.models import Release
from handrail.store.tables import articles, releases


def activate(connection: Connection, release: Release, now: datetime) -> None:
    """Store a release where it is new, and make it the one that new turns run under."""
    known = connection.execute(select(releases.c.id).where(releases.c.id == release.id)).scalar()
    if known is None:
        body = release.model_dump(mode="json")
        connection.execute(
            insert(releases).values(
                id=release.id, name=release.name, body=body, created_at=now, active=False
            )
        )
        kept = set(articles.columns.keys()) - {"release_id"}
        rows = [
            {**article.model_dump(include=kept), "release_id": release.id}
            for article in release.articles
        ]
        if rows:
            connection.execute(insert(articles), rows)
    connection.execute(update(releases).values(active=releases.c.id == release.id))


def load(connection: Connection, release_id: str) -> Release:
    """Load a release by id.

    Raises:
        NotFoundError: there is no such release.
    """
    body = connection.execute(select(releases.c.body).where(releases.c.id == release_id)).scalar()
    if body is None:
        raise NotFoundError(f"no playbook release {release_id!r} in this database")
    return Release.model_validate(body)


def active(connection: Connection) -> Release | None:
    """Load the release that new turns run under; ``None`` before the first one."""
    body = connection.execute(select(releases.c.body).where(releases.c.active)).scalar()
    return None if body is None else Release.model_validate(body)
