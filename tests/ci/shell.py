"""The programs that a job runs: in its own lines, and in the make targets and scripts that these call."""

import re
from collections.abc import Iterator

from tests.processes import ROOT

# After these words comes a command.
BEFORE_COMMANDS = {"if", "then", "elif", "else", "while", "until", "do", "!", "{", "exec", "command", "env", "xargs"}
_ASSIGNMENT = re.compile(r"\w+\+?=")
_FUNCTION = re.compile(r"^(\w+)\(\) ([{(] .*[})]|[{(]\n(?:.*\n)*?[})])$", re.MULTILINE)
_SCRIPT = re.compile(r"(?:\./)?((?:ci|provision|infrastructure)/[\w./-]+\.sh)$")


class Commands:
    """A reader of shell code that finds the first word of each command, in command substitutions, too."""

    def __init__(self, code: str) -> None:
        self._code = code
        self._at = 0
        self.words: set[str] = set()
        self._read("")

    def _next(self, length: int = 1) -> str:
        return self._code[self._at : self._at + length]

    def _skip_past(self, text: str) -> None:
        end = self._code.find(text, self._at)
        self._at = len(self._code) if end < 0 else end + len(text)

    def _read(self, end: str) -> None:  # noqa: C901, PLR0912  one branch for each kind of character
        """Read commands up to the character that ends them."""
        expected, pending, heredocs = True, list[str](), list[str]()
        while character := self._next():
            if character == end:
                break
            if character == "\n":
                self._at += 1
                for word in heredocs:
                    self._skip_past(f"\n{word}\n")
                heredocs = []
                expected = self._flush(pending)
            elif character in " \t" or self._next(2) == "\\\n":
                self._at += 2 if character == "\\" else 1
            elif character == "#":
                self._at = end_of_line if (end_of_line := self._code.find("\n", self._at)) >= 0 else len(self._code)
            elif character == ")":  # of a pattern of `case`
                self._at += 1
                pending.clear()
                expected = True
            elif character in ";&|(":
                self._at += 1
                if character != "|":
                    self._flush(pending)
                expected = True
            elif redirect := re.compile(r"\d*(<<-?|[<>]+)&?\s*").match(self._code, self._at):
                self._at = redirect.end()
                target = self._word()
                if redirect[1].startswith("<<"):
                    heredocs.append(target.strip("'\""))
            else:
                word = self._word()
                if expected and not _ASSIGNMENT.match(word) and not word.startswith("-"):
                    pending.append(word)
                    if word == "[[":  # its operators are no commands
                        self._skip_past("]]")
                    expected = word in BEFORE_COMMANDS
        self._at += len(end)
        self._flush(pending)

    def _flush(self, pending: list[str]) -> bool:
        self.words.update(pending)
        pending.clear()
        return True

    def _word(self) -> str:
        begin = self._at
        while (character := self._next()) and character not in " \t\n;&|()<>":
            self._part(character, '"')
        return self._code[begin : self._at].strip('"')

    def _part(self, character: str, quote: str) -> None:
        """Read one character of a word, or the quotation or substitution that it begins."""
        self._at += 1
        if character == "\\":
            self._at += 1
        elif character == "'" and quote:
            self._skip_past("'")
        elif character == quote:
            while (inner := self._next()) and inner != '"':
                self._part(inner, "")
            self._at += 1
        elif character == "$" and self._next(2) == "((":
            self._skip_past("))")
        elif character == "$" and self._next() == "(":
            self._at += 1
            self._read(")")
        elif character == "$" and self._next() == "{":
            while (inner := self._next()) and inner != "}":
                self._part(inner, quote)
            self._at += 1


def recipe(target: str) -> list[str]:
    """Return the lines of a make target and of those that it needs."""
    makefile = (ROOT / "Makefile").read_text()
    rule = re.search(rf"^{re.escape(target)}:([^=\n]*)\n((?:\t.*\n)*)", makefile, re.MULTILINE)
    if rule is None:
        return []
    needs = rule[1].partition("##")[0].replace("|", " ").split()
    lines = re.sub(r"\$\((BIN|call install),?[^)]*\)", ".venv/bin/python", rule[2])
    lines = re.sub(r"\$\([^()]+\)", "x", lines).replace("$$", "$")
    own = [line.strip().lstrip("@-") for line in lines.splitlines()]
    return [line for need in needs for line in recipe(need)] + own


def programs(job: str, lines: list[str]) -> dict[str, str]:
    """Return each program that a job's lines may run, and the line or script that runs it."""
    found: dict[str, str] = {}
    for line in lines:
        for word, where in _run(line.replace("$CI_JOB_NAME", job), line, set(), [job]):
            found.setdefault(word, where)
    return found


def _run(code: str, where: str, seen: set[str], arguments: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each program that this code may run, with the place. A function counts if it is called."""
    functions: dict[str, str] = {}
    main = [_without_functions(text, functions) for text in (code, *_sourced(code))]
    called: set[str] = set()
    while main:
        text = main.pop()
        for word in Commands(text).words:
            path = word.replace("$1", arguments[-1])
            if word in functions:
                main += [functions[word]] if word not in called else []
                called.add(word)
            elif script := _SCRIPT.match(path):
                yield from _script(script[1], seen, arguments)
            elif not word.startswith((".venv/", "$", '\\"')):
                yield word, where
        for script, *_ in re.findall(r"^\s*(?:ba)?sh ((ci|provision|infrastructure)/\S+\.sh)", text, re.MULTILINE):
            yield from _script(script, seen, arguments, with_interpreter=False)
        for target in re.findall(r"[a-z-]+", " ".join(re.findall(r"\bmake((?: [a-z-]+)+)", text))):
            for line in recipe(target):
                yield from _run(line, f"make {target}", seen, arguments)


def _without_functions(code: str, functions: dict[str, str]) -> str:
    """Add the functions of this code to the others, and return the rest of it."""
    functions |= {match[1]: match[2] for match in _FUNCTION.finditer(code)}
    return _FUNCTION.sub("", code)


def _sourced(code: str) -> Iterator[str]:
    for folder, name in re.findall(r'^\. "?(?:(ci|provision)/|[^\n]*/)?([\w-]+\.sh)', code, re.MULTILINE):
        text = (ROOT / (folder or "provision") / name).read_text()
        yield text
        yield from _sourced(text)


def _script(
    path: str, seen: set[str], arguments: list[str], *, with_interpreter: bool = True
) -> Iterator[tuple[str, str]]:
    if path in seen:
        return
    seen.add(path)
    code = (ROOT / path).read_text()
    if with_interpreter and (first := re.match(r"#!(\S+)(?: (\S+))?", code)):
        yield first[2] or first[1], path
    yield from _run(code, path, seen, arguments)
