"""Which of the schema's revisions this release can serve."""

from functools import cache
from pathlib import Path

from alembic.script import ScriptDirectory

MIGRATIONS = Path(__file__).parent.parent / "migrations"


@cache
def _older() -> frozenset[str]:
    """Return the revisions that this release knows and that have a successor."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    return frozenset(script.revision for script in scripts.walk_revisions()) - frozenset(scripts.get_heads())


def suits(revision: str | None) -> bool:
    """Whether the revision is the newest that is known, or unknown: a newer release's, before a roll-back to this."""
    return revision is not None and revision not in _older()
