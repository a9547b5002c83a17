"""One owner per venue account on one host: a locked file per account, whatever the state folder.

A state folder has its own lock, and a database that several hosts share has theirs. Without such a
database only this keeps two state folders of one user from trading one account.
"""

import os
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from stat import S_ISDIR
from typing import Final

from twoleg.errors import StorageError
from twoleg.runtime.owner import account_keys
from twoleg.settings import Mode, Settings
from twoleg.storage.folder import lock_folder

# Not $XDG_RUNTIME_DIR: a service and a shell of the same user have another one, or none.
FOLDERS: Final = (Path("/run/lock"), Path(tempfile.gettempdir()))
"""The first that can be written to holds the locks; all processes of a user must see the same."""


@contextmanager
def accounts_held(settings: Settings) -> Generator[None, None, None]:
    """Keep other processes of this user from our accounts, as long as the block runs.

    Only live: simulated accounts are named alike in many worlds, and on paper nothing is sent. The
    locks go with the process, however it ends.

    Raises:
        StorageError: another process trades one of them, or no lock can be taken.
    """
    with ExitStack() as stack:
        if settings.daemon.mode is Mode.LIVE:
            folder = _lock_folder()
            for venue, key in zip(("kalshi", "polymarket"), account_keys(settings), strict=True):
                try:
                    stack.callback(os.close, lock_folder(folder / key))
                except StorageError as error:
                    raise StorageError(f"the {venue} account is locked: {error}") from error
        yield


def _lock_folder() -> Path:
    """A folder of this user alone, the same for all its processes."""
    root = next((path for path in FOLDERS if os.access(path, os.W_OK | os.X_OK)), FOLDERS[-1])
    folder = root / f"twoleg-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        # Everybody may write beside it: what lies there must be ours, and no way to elsewhere.
        found = folder.lstat()
    except OSError as error:
        raise StorageError(f"{folder}: cannot be used for locks: {error}") from error
    if not S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise StorageError(f"{folder}: is not a folder of ours")
    if found.st_mode & 0o077:
        raise StorageError(f"{folder}: others may enter it; it must have mode 0700")
    return folder
