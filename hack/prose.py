"""Print how often *what*, *where*, *who* and their like occur per 100 words of comments, docstrings and Markdown.

Such words often stand for a noun that a reader could look up. `python -m hack.prose [FILE …]`; default: all files.
"""

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COUNTED = re.compile(
    r"what|whatever|where|wherever|who|whom|whoever|whose|nobody|somebody|everybody|anybody|nowhere|somewhere",
)
HASH_COMMENTS = {".sh", ".yaml", ".yml", ".tf", ".hcl", ".toml", ".cfg", ".mk"}
NAMES_WITH_COMMENTS = {"Makefile", "Dockerfile", ".gitignore", ".dockerignore", "CODEOWNERS"}
WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?")


def prose(path: Path) -> str:
    """Return a file's Markdown, or its comments and docstrings, without code."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
        return re.sub(r"`[^`\n]*`|\]\([^)]*\)|<!--.*?-->", " ", text)
    if path.suffix == ".py":
        return "\n".join(python_prose(text))
    if path.suffix in HASH_COMMENTS or path.name in NAMES_WITH_COMMENTS:
        return "\n".join(re.findall(r"(?:^|\s)##?@?\s(.*)", text))
    return ""


def python_prose(text: str) -> Iterator[str]:
    """Yield the comments and docstrings of Python code."""
    previous = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
        elif token.type == tokenize.STRING and previous in {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}:
            yield re.sub(r"`[^`\n]*`", " ", token.string)
        if token.type not in {tokenize.NL, tokenize.COMMENT}:
            previous = token.type


def count(path: Path) -> tuple[int, int]:
    """Return the number of counted words and of all words."""
    words = [word.lower() for word in WORD.findall(prose(path))]
    return sum(bool(COUNTED.fullmatch(word)) for word in words), len(words)


def rate(counted: int, words: int) -> float:
    """Return how many of 100 words are counted ones."""
    return 100 * counted / words if words else 0.0


def main(names: list[str]) -> None:
    """Print a line for each file that has prose, and the total."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S607  git, as in a shell
    paths = [Path(name).resolve() for name in names] or [ROOT / name for name in listed.stdout.splitlines()]
    counts = {path: count(path) for path in paths if path.is_file() and path.suffix != ".png"}
    for path, (counted, words) in sorted(counts.items(), key=lambda item: -rate(*item[1])):
        if words:
            print(f"{rate(counted, words):5.2f}  {counted:4} of {words:5}  {path.relative_to(ROOT)}")
    counted, words = (sum(column) for column in zip(*counts.values(), strict=True))
    print(f"{rate(counted, words):5.2f}  {counted:4} of {words:5}  in all")


if __name__ == "__main__":
    main(sys.argv[1:])
