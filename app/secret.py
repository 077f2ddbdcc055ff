"""The secret on the page, plain or masked."""

import hashlib
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.settings import Settings

CHECK_INTERVAL = 1.0  # seconds between two checks of the file
LOCAL_SECRET = "not-a-secret-only-for-local-use"  # noqa: S105  default of `make run`

log = logging.getLogger(__name__)


def read_secret(file: Path) -> str:
    """Return the text in a file, without surrounding white space. Raises ValueError if there is none."""
    try:
        value = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
    except (OSError, UnicodeDecodeError):
        value = ""
    if not value:
        raise ValueError(f"no text in {str(file)!r}; expected a readable UTF-8 file that is not empty")
    return value


class Secret:
    """The value of `APP_SECRET`, or the contents of `APP_SECRET_FILE`, which are read again when the file changes.

    If the file becomes unreadable later, the last value is kept.
    """

    def __init__(self, settings: "Settings") -> None:
        self._file = settings.app_secret_file
        self.masked = settings.secret_display == "masked"  # noqa: S105  not a secret
        self._next_check = 0.0  # monotonic time
        self._stamp: tuple[int, ...] = ()
        if self._file:
            self._reread(self._file)
        else:
            self._value = self._display(settings.app_secret.get_secret_value() if settings.app_secret else LOCAL_SECRET)

    @property
    def value(self) -> str:
        """The secret or, if masked, its fingerprint. The same object until it changes."""
        now = time.monotonic()
        if self._file and now >= self._next_check:
            self._next_check = now + CHECK_INTERVAL
            try:
                self._reread(self._file)
            except (OSError, ValueError) as error:
                log.warning("secret not updated", extra={"reason": str(error)})
        return self._value

    def _reread(self, file: Path) -> None:
        status = file.stat()  # Kubernetes updates a mounted Secret by switching a symbolic link
        stamp = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)
        if stamp != self._stamp:
            self._value, self._stamp = self._display(read_secret(file)), stamp

    def _display(self, value: str) -> str:
        return f"sha256:{hashlib.sha256(value.encode()).hexdigest()[:8]}" if self.masked else value
