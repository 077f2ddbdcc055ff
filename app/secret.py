"""The secret that the page shows, as it may be shown."""

import hashlib
import logging
import sys
import time
from pathlib import Path

from app.settings import Settings

CHECK_INTERVAL = 1.0  # seconds between two looks at the file
LOCAL_SECRET = "not-a-secret-only-for-local-use"  # noqa: S105  what `make run` shows where none is set

log = logging.getLogger(__name__)


class Secret:
    """The value of `APP_SECRET`, or the contents of `APP_SECRET_FILE`, followed as the file changes.

    Ends the process with status 2 where the file cannot be read at the start. Where it cannot be read later, the last
    value stays.
    """

    def __init__(self, settings: Settings) -> None:
        self._file = settings.app_secret_file
        self._masked = settings.masked
        self._checked = time.monotonic()
        self._stamp: tuple[int, ...] = ()
        self._shown = self._show(settings.app_secret.get_secret_value() if settings.app_secret else LOCAL_SECRET)
        if self._file:
            try:
                self._follow(self._file)
            except (OSError, ValueError) as error:
                sys.stderr.write(f"APP_SECRET_FILE: expected a readable file of text that is not empty: {error}\n")
                raise SystemExit(2) from None

    def shown(self) -> str:
        """Return the secret, or its fingerprint where it is masked."""
        now = time.monotonic()
        if self._file and now - self._checked >= CHECK_INTERVAL:
            self._checked = now
            try:
                self._follow(self._file)
            except (OSError, ValueError) as error:
                log.warning("secret not read again; the last one stays", extra={"reason": str(error)})
        return self._shown

    def _follow(self, file: Path) -> None:
        status = file.stat()  # Kubernetes changes a mounted Secret by pointing a link to another file
        stamp = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)
        if stamp != self._stamp:
            value = file.read_text(encoding="utf-8").strip()
            if not value:
                raise ValueError(f"{file} is empty")
            self._shown, self._stamp = self._show(value), stamp

    def _show(self, value: str) -> str:
        if not self._masked:
            return value
        return f"sha256:{hashlib.sha256(value.encode()).hexdigest()[:8]}"
