"""Insert the seed records, so that a fresh environment has something to count.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SEED_RECORDS = {1: "the first record", 2: "the second record", 3: "the third record"}


def upgrade() -> None:
    """Insert the missing ones, in one transaction with the new revision number."""
    for number, note in SEED_RECORDS.items():
        op.execute(
            f"INSERT INTO records (id, note) SELECT {number}, '{note}' FROM (SELECT 1) AS one "
            f"WHERE NOT EXISTS (SELECT 1 FROM records WHERE id = {number})"
        )


def downgrade() -> None:
    """Delete those that are unchanged."""
    for number, note in SEED_RECORDS.items():
        op.execute(f"DELETE FROM records WHERE id = {number} AND note = '{note}'")
