"""Where an embedded server keeps its data and its socket."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from twoleg.errors import StorageError
from twoleg.storage.binaries import ServerUser, choose_user

ROOT_HOME: Final = Path("/var/lib/twoleg")
SOCKET_PATH_BYTES_MAX: Final = 107
PORT: Final = 5432


def choose_home(state_dir: Path) -> Path:
    """`state_dir`/postgres, or for root a folder of its own that another user can reach."""
    if os.geteuid() != 0:
        return state_dir / "postgres"
    inside = state_dir / "postgres"
    existing = next(path for path in (inside, *inside.resolve().parents) if path.exists())
    if choose_user(inside / "data").can_enter(existing):
        return inside
    digest = hashlib.sha256(os.fsencode(state_dir.resolve())).hexdigest()[:12]
    return ROOT_HOME / digest


def choose_socket_folder(home: Path) -> Path:
    """`home`/run, or where that is too long for a socket address a private folder in /tmp."""
    folder = home.resolve() / "run"
    if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_BYTES_MAX:
        return folder
    digest = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"twoleg-{os.geteuid()}-{digest}"


def make_home(home: Path, user: ServerUser) -> None:
    """Create `home` and what is missing above it, open enough for `user`; change nothing else.

    Raises StorageError if a folder that exists already is closed to the user.
    """
    mode = 0o711 if user.is_dropped_to else 0o700
    missing = [path for path in (home, *home.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir()
        path.chmod(mode)
    if user.is_dropped_to and not user.can_enter(home):
        raise StorageError(
            f"{home}: the user {user.name} may not enter this folder or one above it; "
            "choose another data home, or open the way yourself"
        )


def make_socket_folder(folder: Path, user: ServerUser) -> None:
    """Create a private folder that belongs to `user`; refuse one that is somebody else's."""
    folder.mkdir(mode=0o700, exist_ok=True)
    info = folder.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid not in {os.geteuid(), user.uid}:
        raise StorageError(f"{folder}: belongs to somebody else")
    folder.chmod(0o700)
    os.chown(folder, user.uid, user.gid)
