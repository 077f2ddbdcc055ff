"""Scratch database: migrated to the last release, with as many rows in its tables as production may have."""

import os
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, NullPool, create_engine

ROWS = 100_000
DUPLICATES = 1000  # different values of a column that need not be unique
OWN_TABLES = {"alembic_version", "schema_revisions"}  # of the migrations themselves
# SQL for a value that is made of the number {v}, for each type of MySQL
STRING = "LEFT(CONCAT({v}, ' note'), {length})"
VALUES = {
    "tinyint": "{v} % 127", "smallint": "{v} % 32767", "bit": "{v} % 2", "year": "2000 + {v} % 100", "enum": "1",
    "set": "1", "decimal": "{v} % 10", "date": "'2020-01-01' + INTERVAL {v} % 10000 DAY", "time": "SEC_TO_TIME({v})",
    "datetime": "'2020-01-01' + INTERVAL {v} SECOND", "timestamp": "'2020-01-01' + INTERVAL {v} SECOND",
    "json": "JSON_OBJECT('n', {v})", "char": STRING, "varchar": STRING, "tinytext": STRING, "text": STRING,
    "mediumtext": STRING, "longtext": STRING, "binary": STRING, "varbinary": STRING, "blob": STRING,
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column, as far as a release that does not know of a change depends on it."""

    type: str
    is_nullable: bool
    has_value: bool  # without one from the client: a default, a generated value or a number

    @property
    def is_required(self) -> bool:
        """Whether a client has to give it a value."""
        return not (self.is_nullable or self.has_value)


Columns = dict[tuple[str, str], Column]


class Scratch:
    """A database that revisions are tried on."""

    def __init__(self, url: URL, root: Path) -> None:
        self.url = url
        self.root = root  # directory of the migrations and their settings
        self.engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        self._connection = self.engine.connect()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Return the rows of a query, or none of a statement."""
        result = self._connection.exec_driver_sql(sql.replace("%", "%%"))
        return [tuple(row) for row in result] if result.returns_rows else []

    def migrate(self, revision: str, *, down: bool = False) -> None:
        """Migrate to a revision, as the release does."""
        settings = {"MIGRATIONS_DATABASE_URL": self.url.render_as_string(hide_password=False), "LOG_LEVEL": "ERROR"}
        config = Config(toml_file=self.root / "pyproject.toml")
        with patch.dict(os.environ, settings):
            (command.downgrade if down else command.upgrade)(config, revision)

    def set_revision(self, revision: str | None) -> None:
        """Record another revision, as if the run had been killed before it recorded its own."""
        self.query("DELETE FROM alembic_version")
        if revision:
            self.query(f"INSERT INTO alembic_version VALUES ('{revision}')")

    def columns(self) -> Columns:
        """Return the columns of all tables."""
        rows = self.query(
            "SELECT table_name, column_name, column_type, is_nullable = 'YES', "
            "column_default IS NOT NULL OR extra LIKE '%auto_increment%' OR extra LIKE '%GENERATED%' "
            "FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position"
        )
        return {
            (str(table), str(name)): Column(str(kind), bool(nullable), bool(value))
            for table, name, kind, nullable, value in rows
            if table not in OWN_TABLES
        }

    def count(self, table: str) -> int:
        """Return the number of rows, 0 if there is no such table."""
        known = {name for name, _ in self.columns()}
        return int(str(self.query(f"SELECT COUNT(*) FROM `{table}`")[0][0])) if table in known else 0

    def fill(self, rows: int = ROWS) -> None:
        """Add rows to tables with few. Columns without a unique key get duplicates, and NULL if they may be NULL."""
        self.query(f"SET SESSION cte_max_recursion_depth = {rows}, foreign_key_checks = 0")
        for table in sorted({name for name, _ in self.columns()}):
            if len(self.query(f"SELECT 1 FROM `{table}` LIMIT 1001")) <= DUPLICATES:
                values = self._values(table)
                self.query(
                    f"INSERT IGNORE INTO `{table}` ({', '.join(f'`{name}`' for name in values)}) "
                    f"WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows}) "
                    f"SELECT {', '.join(values.values())} FROM numbers"
                )
        self.query("SET SESSION foreign_key_checks = 1")

    def _values(self, table: str) -> dict[str, str]:
        where = f"WHERE table_schema = DATABASE() AND table_name = '{table}'"
        unique = {
            name
            for (name,) in self.query(
                f"SELECT SUBSTRING_INDEX(GROUP_CONCAT(column_name ORDER BY seq_in_index DESC), ',', 1) "
                f"FROM information_schema.statistics {where} AND non_unique = 0 GROUP BY index_name"
            )
        }
        values = {}
        for name, kind, length, nullable in self.query(
            f"SELECT column_name, data_type, character_maximum_length, is_nullable = 'YES' "
            f"FROM information_schema.columns {where} AND generation_expression = ''"
        ):
            number = "n" if name in unique else f"(1 + n % {DUPLICATES})"
            value = VALUES.get(str(kind), "{v}").format(v=number, length=length)
            values[str(name)] = f"IF(n % 10 = 0, NULL, {value})" if nullable and name not in unique else value
        return values

    def digest(self, columns: Columns) -> dict[str, object]:
        """Return for each table a number that changes with the values of these columns; None if one is missing."""
        existing = self.columns()
        digests: dict[str, object] = {}
        for table in {table for table, _ in columns}:
            names = [name for of, name in columns if of == table]
            values = ", ".join(f"IFNULL(`{name}`, '-')" for name in names)
            digests[table] = all((table, name) in existing for name in names) and self.query(
                f"SELECT COUNT(*), BIT_XOR(CRC32(CONCAT_WS('#', {values}))) FROM `{table}`"
            )
        return digests
