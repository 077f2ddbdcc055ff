"""The commands of `flask --app app records`."""

import pytest
from sqlalchemy import URL, create_engine, text

from tests.processes import Result, environment, program


def records(url: URL, *arguments: str) -> Result:
    """Run `flask --app app records`."""
    return program("flask", "--app", "app", "records", *arguments, env=environment(url))


def test_add_and_count(database: URL) -> None:
    """Records are added with their note, and counted."""
    result = records(database, "add", "25000", "--note", "näh 😀")
    assert (result.returncode, result.stderr) == (0, "")
    assert "added 25000 records" in result.stdout

    assert records(database, "count").stdout == "25003\n"
    engine = create_engine(database)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT COUNT(*) FROM records WHERE note = 'näh 😀'")) == 25000
        age = connection.scalar(text("SELECT TIMESTAMPDIFF(SECOND, MAX(created_at), UTC_TIMESTAMP()) FROM records"))
        assert 0 <= age < 60
    engine.dispose()


@pytest.mark.parametrize("number", ["0", "-5", "1.5", "many", "", "100000001", "²"])
def test_bad_number(number: str) -> None:
    """A bad number results in one line and exit status 2; nothing is added."""
    result = program("flask", "--app", "app", "records", "add", number)

    assert result.returncode == 2
    assert result.stderr == f"Error: N: expected a whole number from 1 to 100000000, not {number!r}\n"


def test_bad_note() -> None:
    """A note that is too long results in one line and exit status 2."""
    result = program("flask", "--app", "app", "records", "add", "1", "--note", "x" * 201)

    assert result.returncode == 2
    assert result.stderr == "Error: --note: expected at most 200 characters, not 201\n"


@pytest.mark.parametrize("arguments", [["add", "1"], ["count"]])
def test_database_unavailable(arguments: list[str]) -> None:
    """Without a database, a command exits with one line and status 1."""
    result = records(URL.create("mysql+pymysql", "u", "s3cret", "127.0.0.1", 1, "d"), *arguments)

    assert result.returncode == 1
    assert result.stderr.startswith("Error: the database cannot be used: ")
    assert result.stderr.count("\n") == 1
    assert "s3cret" not in result.stderr
