"""The tables as this release sees them; `migrations/` brings a database to them."""

from datetime import datetime

from sqlalchemy import BigInteger, Integer, String, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Base of the models: its metadata is compared with a database by `alembic check`."""


class Record(Base):
    """A record that the page counts."""

    __tablename__ = "records"

    # SQLite assigns ids automatically only if the type of the key is INTEGER.
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())  # UTC, the time zone of each connection
    note: Mapped[str | None] = mapped_column(String(200))
