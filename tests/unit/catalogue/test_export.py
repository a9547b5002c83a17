"""A pairs file written here is read by the settings, whatever a market calls itself."""

from pathlib import Path

import msgspec
import pytest

from tests.support.pairing import game
from tests.unit.catalogue.support import row_of
from twoleg.catalogue.export import quoted, to_toml
from twoleg.core.market import Origin, PairState
from twoleg.settings import load_declared

ROW = row_of(
    game(1, "Detroit Tigers", "Toronto Blue Jays"),
    PairState.ARMED,
    approved_by="ana",
    acknowledged=("tails", "tail_cancel"),
    size_e6_max=12_340_000,
)
HOSTILE = 'a"\n[[pair]]\nstate = "armed"\x1b[31m\u202e\U0001f600\\'


def test_what_is_exported_is_read_back_exactly(tmp_path: Path) -> None:
    path = tmp_path / "pairs.toml"
    path.write_text(to_toml([ROW]), encoding="utf-8")
    (declared,) = load_declared(path)
    assert declared.pair == msgspec.structs.replace(ROW.to_pair(), origin=Origin.FILE)
    assert declared.acknowledged == ROW.acknowledged


def test_hostile_titles_and_labels_stay_texts(tmp_path: Path) -> None:
    row = msgspec.structs.replace(
        ROW, kalshi_title=HOSTILE, polymarket_title=HOSTILE, approved_by=HOSTILE,
        yes_label=HOSTILE.replace("\n", " "),
    )  # fmt: skip
    path = tmp_path / "pairs.toml"
    text = to_toml([row, msgspec.structs.replace(row, pair_id="m-2", kalshi=ROW.kalshi + "X")])
    path.write_text(text, encoding="utf-8")
    assert "\x1b" not in text
    assert "\u202e" not in text
    first, _ = load_declared(path)
    assert first.pair.polymarket_labels[0] == row.yes_label


@pytest.mark.parametrize(
    ("text", "written"),
    [("a b", '"a b"'), ('"\\', '"\\"\\\\"'), ("\n\x1b", '"\\u000A\\u001B"'),
     ("\U000e0001", '"\\U000E0001"'), ("é東", '"é東"'), ("\u00a0", '"\\u00A0"')],
)  # fmt: skip
def test_what_is_not_plainly_visible_is_escaped(text: str, written: str) -> None:
    assert quoted(text) == written
