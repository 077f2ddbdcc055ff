"""Schema changes that can run again after a killed run, and that state their algorithm.

MySQL commits each DDL statement by itself, so a run that is killed before it records the revision's number leaves a
finished change behind. `if_not_exists=True` is no guard for it: MySQL knows `IF NOT EXISTS` for tables only. Each
function here looks up whether the change is finished, and then does nothing. With `alembic upgrade --sql` there is
nothing to look up, and each statement is printed.

A stated algorithm lets MySQL refuse a change that it could only make by copying the table. `INSTANT` changes no row.
`INPLACE` reads all rows, while clients go on reading and writing. `COPY` blocks writers until all rows are copied.
"""

from collections.abc import Callable
from io import StringIO
from typing import Any, Literal

import sqlalchemy as sa
from alembic import op
from alembic.migration import MigrationContext
from alembic.operations import BatchOperations, Operations

Algorithm = Literal["INSTANT", "INPLACE", "COPY"]
CLAUSES = {"INSTANT": "ALGORITHM=INSTANT", "INPLACE": "ALGORITHM=INPLACE{comma} LOCK=NONE", "COPY": "ALGORITHM=COPY"}


def add_column(table: str, column: sa.Column[Any], algorithm: Algorithm = "INSTANT") -> None:
    """Add a column, unless it exists."""
    if _is_pending(table, column.name, _columns, exists=False):
        _alter(table, lambda batch: batch.add_column(column), algorithm)


def drop_column(table: str, column: str, algorithm: Algorithm = "INSTANT") -> None:
    """Drop a column, unless it is missing."""
    if _is_pending(table, column, _columns, exists=True):
        _alter(table, lambda batch: batch.drop_column(column), algorithm)


def rename_column(table: str, old: str, new: str, algorithm: Algorithm = "INSTANT") -> None:
    """Rename a column, unless the old name is missing."""
    if _is_pending(table, old, _columns, exists=True):
        quote = op.get_context().dialect.identifier_preparer.quote
        _execute(f"ALTER TABLE {quote(table)} RENAME COLUMN {quote(old)} TO {quote(new)}", algorithm)


def alter_column(table: str, column: str, algorithm: Algorithm = "INSTANT", **changes: Any) -> None:  # noqa: ANN401  Alembic's own
    """Change a column's type, default or nullability, as `op.alter_column` does; again, if it runs again."""
    _alter(table, lambda batch: batch.alter_column(column, **changes), algorithm)


def create_index(
    name: str, table: str, columns: list[str], *, unique: bool = False, algorithm: Algorithm = "INPLACE"
) -> None:
    """Create an index, unless one of this name exists."""
    if _is_pending(table, name, _indexes, exists=False):
        _alter(table, lambda batch: batch.create_index(name, columns, unique=unique), algorithm)


def drop_index(name: str, table: str, algorithm: Algorithm = "INPLACE") -> None:
    """Drop an index, unless it is missing."""
    if _is_pending(table, name, _indexes, exists=True):
        _alter(table, lambda batch: batch.drop_index(name), algorithm)


def create_check_constraint(name: str, table: str, condition: str, algorithm: Algorithm = "COPY") -> None:
    """Add a check of each row, unless one of this name exists. MySQL can only copy the table for it."""
    if _is_pending(table, name, _constraints, exists=False):
        _alter(table, lambda batch: batch.create_check_constraint(name, sa.text(condition)), algorithm)


def create_foreign_key(
    name: str, table: str, referent: str, columns: dict[str, str], algorithm: Algorithm = "COPY"
) -> None:
    """Add a foreign key from columns to those of another table, unless one of this name exists.

    MySQL can only copy the table to check its rows.
    """
    if _is_pending(table, name, _constraints, exists=False):
        _alter(
            table, lambda batch: batch.create_foreign_key(name, referent, [*columns], [*columns.values()]), algorithm
        )


def drop_constraint(
    name: str, table: str, type_: Literal["check", "foreignkey"], algorithm: Algorithm = "INPLACE"
) -> None:
    """Drop a check or a foreign key, unless it is missing."""
    if _is_pending(table, name, _constraints, exists=True):
        _alter(table, lambda batch: batch.drop_constraint(name, type_=type_), algorithm)


def rename_table(old: str, new: str, algorithm: Algorithm = "INSTANT") -> None:
    """Rename a table, unless the old name is missing."""
    if op.get_context().as_sql or sa.inspect(op.get_bind()).has_table(old):
        quote = op.get_context().dialect.identifier_preparer.quote
        _execute(f"ALTER TABLE {quote(old)} RENAME TO {quote(new)}", algorithm)


Names = Callable[[sa.Inspector, str], set[str | None]]


def _columns(database: sa.Inspector, table: str) -> set[str | None]:
    return {column["name"] for column in database.get_columns(table)}


def _indexes(database: sa.Inspector, table: str) -> set[str | None]:
    return {index["name"] for index in database.get_indexes(table)}


def _constraints(database: sa.Inspector, table: str) -> set[str | None]:
    checks = {check["name"] for check in database.get_check_constraints(table)}
    return checks | {key["name"] for key in database.get_foreign_keys(table)}


def _is_pending(table: str, name: str, names: Names, *, exists: bool) -> bool:
    """Return whether the change is to be made: it requires that the name exists, or that it does not."""
    if op.get_context().as_sql:
        return True
    database = sa.inspect(op.get_bind())
    found = database.has_table(table) and name in names(database, table)
    return found == exists


def _alter(table: str, change: Callable[[BatchOperations], object], algorithm: Algorithm) -> None:
    context = op.get_context()
    if context.dialect.name != "mysql":  # SQLite has no algorithm, and copies the table for most changes
        with op.batch_alter_table(table) as batch:
            change(batch)
        return
    sql = StringIO()
    printer = MigrationContext.configure(
        dialect=context.dialect, opts={"as_sql": True, "output_buffer": sql, "literal_binds": True}
    )
    with Operations(printer).batch_alter_table(table) as batch:
        change(batch)
    for statement in filter(None, map(str.strip, sql.getvalue().split(";\n"))):
        _execute(statement, algorithm)


def _execute(statement: str, algorithm: Algorithm) -> None:
    if op.get_context().dialect.name == "mysql":
        is_alter = statement.startswith("ALTER TABLE")
        clause = CLAUSES[algorithm].format(comma="," if is_alter else "")
        statement = f"{statement}, {clause}" if is_alter else f"{statement} {clause}"
    op.execute(sa.DDL(statement))  # type: ignore[no-untyped-call]  # SQLAlchemy's has no types
