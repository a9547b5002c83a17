import re

import pytest

from twoleg.errors import StorageError
from twoleg.storage.database import hide_password
from twoleg.storage.queries import find_sql_folder, load_queries, parse_queries, query


def test_every_query_has_a_purpose_and_one_statement() -> None:
    assert len(load_queries()) > 20
    for name, text in load_queries().items():
        assert text.startswith("-- "), name
        assert ";" not in text.split("\n", 1)[1], name


def test_every_query_is_used() -> None:
    root = find_sql_folder().parent
    paths = [path for folder in ("daemon", "tests") for path in (root / folder).rglob("*.py")]
    source = "".join(path.read_text("utf-8") for path in paths)
    assert [name for name in load_queries() if f'"{name}"' not in source] == []


def test_no_sql_stands_in_python() -> None:
    folder = find_sql_folder().parent / "daemon" / "twoleg" / "storage"
    statement = re.compile(r"\b(SELECT .+ FROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b")
    assert [p.name for p in folder.glob("*.py") if statement.search(p.read_text("utf-8"))] == []


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(StorageError, match="no such_query"):
        query("such_query")


def test_a_name_given_twice_is_refused() -> None:
    with pytest.raises(StorageError, match="x stands there twice"):
        parse_queries("-- name: x\n-- why\nSELECT 1;\n-- name: x\n-- why\nSELECT 2;\n")


@pytest.mark.parametrize(
    ("dsn", "shown"),
    [
        ("postgresql://me:geheim@host/db", "postgresql://me:…@host/db"),
        ("postgresql://me:a:b@host/db", "postgresql://me:…@host/db"),
        ("postgresql://me@host/db?password=geheim&x=1", "postgresql://me@host/db?password=…&x=1"),
        ("host=a password=geheim user=b", "host=a password=… user=b"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
    ],
)
def test_a_password_is_never_shown(dsn: str, shown: str) -> None:
    assert hide_password(dsn) == shown
