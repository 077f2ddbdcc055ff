"""The revisions of the schema: which of them this release can serve, and whether a database is newer."""

from collections import defaultdict
from functools import cache
from pathlib import Path

from alembic.script import ScriptDirectory
from alembic.util import to_tuple
from sqlalchemy import Column, Connection, String, Table, insert, inspect, select

from app.models import Base

MIGRATIONS = Path(__file__).parent.parent / "migrations"

# Each release records here the revisions that it knows, with their parents, before it migrates. So a release whose own
# files end earlier can look up whether an unknown revision descends from its head.
REVISIONS = Table(
    "schema_revisions",
    Base.metadata,
    Column("revision", String(32), primary_key=True),
    Column("parent", String(32), primary_key=True),
)


@cache
def _superseded() -> frozenset[str]:
    """Return the revisions that this release knows and that have a successor."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    return frozenset(script.revision for script in scripts.walk_revisions()) - frozenset(scripts.get_heads())


def is_compatible(revision: str | None) -> bool:
    """Return whether this release can serve the schema: its head, or an unknown (newer) revision after a rollback."""
    return revision is not None and revision not in _superseded()


def record_revisions(connection: Connection, scripts: ScriptDirectory) -> None:
    """Record the revisions of this release in the database; the table is created if it is missing."""
    REVISIONS.create(connection, checkfirst=True)
    recorded = {tuple(row) for row in connection.execute(select(REVISIONS))}
    for script in scripts.walk_revisions():
        for parent in to_tuple(script.down_revision, default=("",)):
            if (script.revision, parent) not in recorded:
                connection.execute(insert(REVISIONS).values(revision=script.revision, parent=parent))
    connection.commit()


def is_newer(connection: Connection, revision: str, heads: list[str]) -> bool:
    """Return whether a newer release has recorded that this revision descends from one of `heads`."""
    if not inspect(connection).has_table(REVISIONS.name):
        return False
    parents = defaultdict(list)
    for child, parent in connection.execute(select(REVISIONS)):
        parents[child].append(parent)
    ancestors, pending = set(), [revision]
    while pending:
        for parent in parents[pending.pop()]:
            if parent not in ancestors:
                ancestors.add(parent)
                pending.append(parent)
    return not ancestors.isdisjoint(heads)
