"""${message}

The previous release is still running while this revision is applied, and a rollback returns to it. So it must work on
the new schema. Add and fill in one release; rename, retype or remove in a later one, after the last use. MySQL commits
each DDL statement by itself: write one for each revision, guarded so that it can run again. `op.create_table(…,
if_not_exists=True)` is guarded; for columns, indexes, constraints and renames use `guarded`, because MySQL has no
`IF NOT EXISTS` for them. `make lint-migrations` checks it. See docs/writing-a-migration.md.

    guarded.add_column("records", sa.Column("colour", sa.String(10)))

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
"""

import sqlalchemy as sa
from alembic import op

from migrations import guarded
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """Upgrade the schema to this revision."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Undo the upgrade. Only for development: a rollback of a release keeps the schema."""
    ${downgrades if downgrades else "pass"}
