"""Insert the first records, so that a fresh environment has something to count.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FIRST = {1: "the first record", 2: "the second record", 3: "the third record"}


def upgrade() -> None:
    """Insert those that are not there; all of them and the new revision number in one transaction."""
    for number, note in FIRST.items():
        op.execute(
            f"INSERT INTO records (id, note) SELECT {number}, '{note}' FROM (SELECT 1) AS one "
            f"WHERE NOT EXISTS (SELECT 1 FROM records WHERE id = {number})"
        )


def downgrade() -> None:
    """Delete them where they are still what was inserted."""
    for number, note in FIRST.items():
        op.execute(f"DELETE FROM records WHERE id = {number} AND note = '{note}'")
