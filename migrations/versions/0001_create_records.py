"""Create the table of records.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, unless a killed run has created it."""
    op.create_table(
        "records",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("created_at", sa.DateTime, server_default=sa.func.now(), nullable=False),
        sa.Column("note", sa.String(200)),
        if_not_exists=True,
        mysql_charset="utf8mb4",  # the database's own may be latin1
    )


def downgrade() -> None:
    """Drop the table, unless a killed run has dropped it."""
    op.drop_table("records", if_exists=True)
