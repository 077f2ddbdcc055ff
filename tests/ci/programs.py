"""Stand-ins for programs, for tests of the decisions that scripts make themselves."""

from pathlib import Path


def add_program(folder: Path, name: str, script: str) -> None:
    """Write a shell script of that name; it records its arguments in the file NAME.calls beside it."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f'#!/bin/sh\necho "$*" >>"$0.calls"\n{script}\n')
    file.chmod(0o755)


def calls(folder: Path, name: str) -> list[str]:
    """Return the arguments of each call of that program."""
    file = folder / f"{name}.calls"
    return file.read_text().splitlines() if file.exists() else []
