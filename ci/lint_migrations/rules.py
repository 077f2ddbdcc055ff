"""Rules for one revision, each with its reason and the safe way."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from alembic.script import Script

from ci.lint_migrations import messages
from ci.lint_migrations.recorder import Change, Failure, Record, Recorder, failure_of
from ci.lint_migrations.scratch import Columns, Scratch

MANY = 10_000  # rows that one transaction may lock


@dataclass(frozen=True, order=True)
class Finding:
    """A fault of a revision."""

    file: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message} [{self.rule}]"


@dataclass(frozen=True)
class LastRelease:
    """The release that serves while a revision is applied."""

    version: str | None = None  # None before the first one
    columns: Columns | None = None  # of its schema; None: those that exist before the revision
    models: frozenset[tuple[str, str]] = frozenset()  # columns that its code uses

    def is_at_least(self, version: str) -> bool:
        """Return whether this release is that one or a later one."""
        return self.version is not None and _numbers(version) <= _numbers(self.version)

    def __str__(self) -> str:
        return f"release {self.version}" if self.version else "the release before"


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


class Revision:
    """One revision, applied to the scratch database and judged."""

    def __init__(self, script: Script, scratch: Scratch, release: LastRelease) -> None:
        self._script, self._scratch, self._release = script, scratch, release
        self._before = scratch.columns()
        self._released = self._before if release.columns is None else release.columns
        self._contract = getattr(script.module, "contract", None)
        self.is_applied = self.is_undone = False

    def findings(self) -> Iterator[Finding]:
        """Apply the revision, and yield its faults."""
        yield from self._contract_findings()
        digest = self._scratch.digest(self._before)
        record = self._run(asking=True)
        self.is_applied = record.failure is None
        yield from self._statement_findings(record)
        if record.failure:
            yield self._failed(record.failure)
            return
        changed = list(self._schema_findings(record))
        yield from changed
        if record.changes:
            yield from self._guard_findings()
        is_merge = isinstance(self._script.down_revision, tuple)
        if not changed and self._contract is None and not is_merge:
            yield from self._downgrade_findings(digest)

    def _run(self, *, asking: bool = False, down: bool = False) -> Record:
        target = str(self._script.down_revision or "base") if down else self._script.revision
        with Recorder(self._scratch).recording(self._script.path, asking=asking) as record:
            try:
                self._scratch.migrate(target, down=down)
            except NotImplementedError:  # a downgrade that rejects: the caller judges it
                raise
            except (SystemExit, Exception) as error:  # noqa: BLE001  a revision may raise any exception
                record.failure = failure_of(error, self._script.path)
        return record

    def _found(self, line: int, rule: str, message: str) -> Finding:
        return Finding(str(Path(self._script.path).relative_to(self._scratch.root)), line, rule, message)

    def _line(self, pattern: str) -> int:
        lines = Path(self._script.path).read_text().splitlines()
        return next((number for number, line in enumerate(lines, 1) if re.match(pattern, line)), 1)

    def _contract_findings(self) -> Iterator[Finding]:
        if self._contract is None:
            return
        line = self._line("contract")
        if not re.fullmatch(r"\d+\.\d+\.\d+", str(self._contract)):
            yield self._found(line, "contract", messages.NO_VERSION.format(self._contract))
        elif not self._release.is_at_least(self._contract):
            yield self._found(line, "contract", messages.NOT_OUT.format(self._contract, self._release))
        if not str(getattr(self._script.module, "contract_reason", "")).strip():
            yield self._found(line, "contract", messages.NO_REASON)

    def _failed(self, failure: Failure) -> Finding:
        rule, message = messages.ERRORS.get(failure.code, ("failure", "the upgrade fails: {message}"))
        if re.search(r"\bIF (NOT )?EXISTS\b", failure.sql) and "SQL syntax" in failure.message:
            rule, message = "guard", messages.NO_IF_EXISTS
        return self._found(failure.line, rule, message.format(message=failure.message))

    def _statement_findings(self, record: Record) -> Iterator[Finding]:
        for change in record.changes:
            if found := self._algorithm_finding(change):
                yield self._found(change.line, *found)
        if len(record.changes) > 1:
            yield self._found(record.changes[1].line, "one-statement", messages.STATEMENTS.format(len(record.changes)))
        for line, rows in record.rows.items():
            if rows > MANY:
                yield self._found(line, "many-rows", messages.ROWS_LOCKED.format(rows))

    def _algorithm_finding(self, change: Change) -> tuple[str, str] | None:
        because = f" ({change.reason})" if change.reason else ""
        accepted = f"ALGORITHM={change.accepted}" + (", LOCK=NONE" if change.accepted == "INPLACE" else "")
        if change.accepted == "COPY" and change.rows:
            way = next(way for part, way in messages.WAYS.items() if part in change.sql.upper())
            return "copy", messages.COPY.format(change, because=because, way=way)
        if change.accepted and change.stated in {None, "DEFAULT"}:
            return "algorithm", messages.UNSTATED.format(accepted=accepted)
        if (change.stated, change.accepted) in {
            ("INSTANT", "INPLACE"),
            ("INSTANT", "COPY"),
            ("INPLACE", "COPY"),
        }:
            return "algorithm", messages.REFUSED.format(change, because=because, accepted=accepted)
        if change.stated == "COPY" and change.accepted in {"INSTANT", "INPLACE"}:
            return "algorithm", messages.NEEDLESS.format(accepted=accepted)
        return None

    def _schema_findings(self, record: Record) -> Iterator[Finding]:
        after, line = self._scratch.columns(), max((change.line for change in record.changes), default=1)
        tables = {table for table, _ in after}
        gone = (self._before.keys() & self._released.keys()) - after.keys()
        rule, message = "removal", messages.REMOVAL
        if self._contract:
            rule, message, gone = "contract", messages.STILL_USED, gone & self._release.models
        for what in sorted({f"column {table}.{name}" if table in tables else f"table {table}" for table, name in gone}):
            yield self._found(line, rule, message.format(release=self._release, what=what))
        for (table, name), column in after.items():
            before = self._before.get((table, name))
            is_stricter = column.is_required and not (before and before.is_required)
            if is_stricter and not self._contract and table in {of for of, _ in self._released}:
                yield self._found(
                    line, "required", messages.REQUIRED.format(what=f"{table}.{name}", release=self._release)
                )

    def _guard_findings(self) -> Iterator[Finding]:
        down = self._script.down_revision
        self._scratch.set_revision(down if isinstance(down, str) else None)
        again = self._run().failure
        self._scratch.set_revision(self._script.revision)
        if again:
            yield self._found(again.line, "guard", messages.UNGUARDED.format(message=again.message))

    def _downgrade_findings(self, digest: dict[str, object]) -> Iterator[Finding]:
        upgraded = self._scratch.digest(self._before)
        try:
            failure = self._run(down=True).failure
        except NotImplementedError:  # it rejects the downgrade, and reports it
            return
        if failure:
            self.is_applied = False
            yield self._found(failure.line, "downgrade", f"the downgrade fails: {failure.message}")
            return
        left = self._scratch.digest(self._before)
        for table in sorted(left):
            if left[table] not in (digest[table], upgraded[table]):
                yield self._found(self._line("def downgrade"), "downgrade", messages.DATA_LOST.format(table))
        self.is_undone = True
