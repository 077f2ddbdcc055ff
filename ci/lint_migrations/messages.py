"""Messages of the findings: each has the reason and the safe way."""

FUNCTIONS = "use the functions of migrations/guarded.py"
UNIQUE = (
    "the unique key fails if rows have equal values, as rows of the last release may ({message}); let one release "
    "write unique values to a new column and fill it in batches, and add the key in a later release"
)
NOT_NULL = (
    "NOT NULL fails if rows have NULL, as rows of the last release may ({message}); let one release always write the "
    "column and fill it in batches, and require it in a later release"
)
NO_PRIMARY_KEY = "the table has no primary key, so managed MySQL refuses it; add one"
# MySQL's errors, by code
ERRORS = {
    1062: ("unique", UNIQUE),
    1048: ("required", NOT_NULL),
    1138: ("required", NOT_NULL),
    1265: ("required", NOT_NULL),
    3750: ("primary-key", NO_PRIMARY_KEY),
}
NO_IF_EXISTS = f"MySQL has IF NOT EXISTS for tables only, elsewhere it is a syntax error; {FUNCTIONS}"
COPY = (
    "MySQL can only copy the table {0.table}{because}: {0.rows:,} rows took {0.seconds:.1f} s, while writes waited "
    "{0.writes_blocked:.1f} s and reads {0.reads_blocked:.1f} s; {way}"
)
# The safe way, by content of the statement
WAYS = {
    "FOREIGN KEY": "create the foreign key with its table, or let the application check the reference",
    "CHECK": "let the application check the values",
    "": "add a new column, write both, fill it in batches, and drop the old one in a later release",
}
UNSTATED = (
    f"no algorithm is stated, so MySQL may copy the table; state {{accepted}}, which MySQL accepts, or {FUNCTIONS}"
)
REFUSED = "MySQL refuses ALGORITHM={0.stated}{because}; state {accepted}, which MySQL accepts"
NEEDLESS = "ALGORITHM=COPY blocks writes while MySQL copies the table; state {accepted}, which MySQL accepts"
STATEMENTS = (
    "{} DDL statements; MySQL commits each by itself, and a run can be killed after any; write a revision for each"
)
ROWS_LOCKED = (
    "one transaction changes or locks {:,} rows, and blocks their writers; change the rows in batches by "
    "primary key, each in its own transaction (op.get_context().autocommit_block())"
)
REMOVAL = (
    "{release} uses the {what}, which is dropped or renamed; stop using it in one release, and drop it in a later one, "
    'marked with contract = "X.Y.Z" (instead of a new name: add a column, write both, fill it, drop the old one)'
)
STILL_USED = "the models of {release} still have the {what}; remove it from them, release that, and then drop it"
REQUIRED = (
    "{what} is NOT NULL without a default, and {release} does not always write it; let it be NULL or give it a "
    "default, and require it in a later release"
)
UNGUARDED = (
    "a run that is killed after this statement cannot be finished by running it again ({message}); "
    "use the functions of migrations/guarded.py, or if_not_exists=True for a table"
)
DATA_LOST = "the downgrade loses data of {} that is older than this revision; undo only what the upgrade has added"
NO_VERSION = 'contract is {!r}; expected the release that stopped using it, as contract = "1.4.0"'
NOT_OUT = "release {} is not out, so {} may still use what is removed; merge this revision when it is out"
NO_REASON = 'contract_reason is missing; expected what was used, and what replaces it, as contract_reason = "…"'
