"""The tables, as this release sees them; `migrations/` brings a database there."""

from datetime import datetime

from sqlalchemy import BigInteger, Integer, String, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """What the tables have in common: the metadata that `alembic check` compares with a database."""


class Record(Base):
    """A thing that is counted."""

    __tablename__ = "records"

    # SQLite numbers rows by itself only where the key's type is INTEGER.
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())  # UTC: every connection's time zone is
    note: Mapped[str | None] = mapped_column(String(200))
