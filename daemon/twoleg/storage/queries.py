"""The SQL of the program: `sql/queries.sql`, read once, looked up by name."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from twoleg.errors import StorageError

_NAME: Final = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


def find_sql_folder() -> Path:
    """The folder `sql`: inside the package in a wheel, at the root in a source tree."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "sql", package.parent.parent / "sql"):
        if (folder / "queries.sql").is_file():
            return folder
    raise StorageError(f"{package}: queries.sql is missing: the installation is incomplete")


def parse_queries(text: str) -> Mapping[str, str]:
    """Split a file at its `-- name: x` lines. Raises StorageError on a name given twice."""
    parts = _NAME.split(text)
    found: dict[str, str] = {}
    for name, statement in zip(parts[1::2], parts[2::2], strict=True):
        if name in found:
            raise StorageError(f"queries.sql: {name} stands there twice")
        found[name] = statement.strip().removesuffix(";")
    return MappingProxyType(found)


@cache
def load_queries() -> Mapping[str, str]:
    """All statements by name."""
    return parse_queries((find_sql_folder() / "queries.sql").read_text("utf-8"))


def query(name: str) -> str:
    """One statement. Raises StorageError if there is none of this name."""
    try:
        return load_queries()[name]
    except KeyError:
        raise StorageError(f"queries.sql: there is no {name}") from None
