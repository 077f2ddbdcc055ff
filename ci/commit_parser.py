"""The parser of commits for semantic-release: conventional commits, with messages as GitLab writes them."""

import re

from pydantic.dataclasses import dataclass
from semantic_release.commit_parser.conventional.options import ConventionalCommitParserOptions
from semantic_release.commit_parser.conventional.parser import ConventionalCommitParser
from semantic_release.commit_parser.token import ParsedMessageResult

REVERT = re.compile(r'^Revert "(?P<subject>.*)"$')
# To the end of its paragraph. Unlike a footer of Git it needs no empty line before it: missing one, it would be lost.
BREAKING_CHANGE = re.compile(r"^BREAKING[ -]CHANGE: (?:.+\n?)+", re.MULTILINE)


@dataclass
class Options(ConventionalCommitParserOptions):
    """The types of commits that are allowed, and those that release a patch."""

    patch_tags: tuple[str, ...] = ("fix", "perf", "revert")
    allowed_tags: tuple[str, ...] = (*ConventionalCommitParserOptions.allowed_tags, "revert")
    parse_squash_commits: bool = False


class CommitParser(ConventionalCommitParser):
    """Read the subject and the `BREAKING CHANGE` footer only: the rest may be a merge request's description."""

    parser_options = Options

    def get_default_options(self) -> Options:
        """Return the options that this parser has if it gets none."""
        return Options()

    def parse_message(self, message: str) -> ParsedMessageResult | None:
        """Return the parsed message, or nothing if it is not conventional."""
        subject, _, body = message.replace("\r", "").partition("\n")
        subject = REVERT.sub(r"revert: \g<subject>", subject.strip())
        footers = [footer.strip() for footer in BREAKING_CHANGE.findall(body)]
        return super().parse_message("\n\n".join([subject, *footers]))
