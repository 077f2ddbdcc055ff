"""${message}

The release before this revision is still running while it is applied, and may be rolled back to afterwards: it must work
on the schema that this leaves. So add, and fill, in one release; rename, retype or remove only what no running release
uses any more, in a later one. On MySQL each DDL statement commits by itself: one in each revision, guarded
(`if_not_exists=True`), so that a run that was killed is finished by the next. See CONTRIBUTING.md.

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Undo it; for development, as a roll-back of a release leaves the schema alone."""
    ${downgrades if downgrades else "pass"}
