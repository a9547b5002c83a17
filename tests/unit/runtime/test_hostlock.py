"""Two state folders of one host do not trade one account."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from twoleg.errors import StorageError
from twoleg.runtime import hostlock
from twoleg.runtime.hostlock import accounts_held
from twoleg.settings import Mode, Settings


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(hostlock, "FOLDERS", (tmp_path / "missing", tmp_path))
    return tmp_path


def live(key_id: str = "key-one", funder: str = "0x" + "a" * 40) -> Settings:
    settings = Settings()
    return replace(
        settings,
        daemon=replace(settings.daemon, mode=Mode.LIVE),
        kalshi=replace(settings.kalshi, key_id=key_id),
        polymarket=replace(settings.polymarket, funder=funder),
    )


@pytest.mark.parametrize(
    ("other", "venue"),
    [
        (live(), "kalshi"),
        (live(funder="0x" + "b" * 40), "kalshi"),
        (live(key_id="key-two"), "polymarket"),
        (live(key_id="key-two", funder="0x" + "A" * 40), "polymarket"),
    ],
)
def test_account_is_locked_while_it_is_held(other: Settings, venue: str) -> None:
    told = f"the {venue} account is locked: .*another process"
    with accounts_held(live()), pytest.raises(StorageError, match=told):
        accounts_held(other).__enter__()
    with accounts_held(other):
        pass


def test_other_accounts_are_not_in_the_way() -> None:
    with accounts_held(live()), accounts_held(live("key-two", "0x" + "b" * 40)):
        pass


def test_what_is_refused_holds_nothing() -> None:
    both = live("key-two")
    with accounts_held(live()), pytest.raises(StorageError):
        accounts_held(both).__enter__()
    with accounts_held(live("key-two", "0x" + "b" * 40)):
        pass


@pytest.mark.parametrize("mode", [Mode.SIM, Mode.PAPER])
def test_simulated_accounts_and_paper_are_not_locked(root: Path, mode: Mode) -> None:
    settings = replace(live(), daemon=replace(live().daemon, mode=mode))
    with accounts_held(settings), accounts_held(settings):
        assert list(root.iterdir()) == []


def test_locks_lie_in_a_folder_of_this_user_alone(root: Path) -> None:
    with accounts_held(live()):
        (folder,) = root.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        folder.chmod(0o755)
        with pytest.raises(StorageError, match="must have mode 0700"):
            accounts_held(live("key-two")).__enter__()


def test_way_to_elsewhere_is_not_followed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getuid", lambda: 1)
    (root / "elsewhere").mkdir(mode=0o700)
    (root / "twoleg-1").symlink_to(root / "elsewhere")
    with pytest.raises(StorageError, match="not a folder of ours"):
        accounts_held(live()).__enter__()
