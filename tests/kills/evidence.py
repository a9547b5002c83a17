"""What is kept of a failure: the daemon's folder as it stood, and the account in words."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Final

from tests.kills.ground import Ground
from tests.system.support import admin_url, read_json
from twoleg.core.market import Venue
from twoleg.errors import StorageError

LAST_LINES: Final = 60
STORY: Final = "story.txt"
TERMS: Final = b'"t":"market_seen"'
SIM_ROUTES: Final = ("ledger", "faults")


def keep(ground: Ground, title: str, told: str) -> Path:
    """Copy logs, journal and the venues' ledgers out of the ground; returns the folder.

    The daemon must not run meanwhile. What cannot be had is told in the copy's place: evidence of
    one failure must not become a second one.
    """
    kept = Path(tempfile.mkdtemp(prefix="twoleg-kills-"))
    lines = [title, "", told, ""]
    for pattern in ("*.out", "*.err", "*.toml"):
        for path in sorted(ground.folder.glob(pattern)):
            shutil.copy2(path, kept)
    for venue in Venue:
        for route in SIM_ROUTES:
            name = f"{venue.value}-{route}"
            try:
                body = read_json(f"{admin_url(ground.found.told[venue])}/_sim/{route}")
            except (OSError, ValueError) as error:
                lines.append(f"{name} could not be read: {error!r}")
                continue
            (kept / f"{name}.json").write_text(json.dumps(body, indent=1), "utf-8")
    lines += _record(ground, kept)
    lines += ["", f"the last daemon, {ground.starts} of them in all:", *_last_words(ground)]
    (kept / STORY).write_text("\n".join(lines) + "\n", "utf-8")
    return kept


def read_story(kept: Path) -> str:
    """What happened, in words, with the last lines of the daemon's log."""
    return (kept / STORY).read_text("utf-8")


def _record(ground: Ground, kept: Path) -> list[str]:
    """Copy the journal, and write its records as lines of text, without the markets' terms."""
    try:
        shutil.copytree(ground.record.folder, kept / "journal")
        lines = [b"%d %s\n" % one for one in ground.record.payloads() if TERMS not in one[1]]
        (kept / "record.txt").write_bytes(b"".join(lines))
    except (OSError, AssertionError, StorageError) as error:
        return [f"the record could not be read: {error!r}"]
    return []


def _last_words(ground: Ground) -> list[str]:
    lines: list[str] = []
    for suffix in ("out", "err"):
        path = ground.folder / f"daemon-{ground.starts}.{suffix}"
        if path.exists():
            lines += path.read_text("utf-8", "replace").splitlines()[-LAST_LINES:]
    return lines
