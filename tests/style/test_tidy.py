"""Style rules that the linters cannot see."""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = sorted((ROOT / "daemon").rglob("*.py"))
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
BANNED_NAMES = ("Manager", "Helper", "Processor", "Util")


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\n") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("path", PRODUCT, ids=lambda p: str(p.relative_to(ROOT)))
def test_product_file_is_short_and_documented(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    assert text.count("\n") <= FILE_LINES_MAX
    assert ast.get_docstring(tree), "a module says what it owns"
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= FUNCTION_LINES_MAX, f"{node.name} has {length} lines"
        if isinstance(node, ast.ClassDef):
            assert not node.name.endswith(BANNED_NAMES), node.name
            assert ast.get_docstring(node), f"class {node.name} says what it is"


def test_core_uses_no_float() -> None:
    for path in (ROOT / "daemon/twoleg/core").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            is_float_literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
            is_float_name = isinstance(node, ast.Name) and node.id == "float"
            is_true_division = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
            found = is_float_literal or is_float_name or is_true_division
            assert not found, f"{path.name}:{getattr(node, 'lineno', 0)} uses a float"


def test_repository_names_no_registry_and_no_private_path() -> None:
    # Spelled in halves so that this file does not match itself.
    banned = ("pypi." + "org", "pythonhosted" + ".org", "registry." + "npmjs", "deb." + "debian")
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in tracked_files()
        for word in banned
        if word.encode() in path.read_bytes()
    ]
    assert not found


@pytest.mark.parametrize("name", ["requirements.lock", "tests/fuzz/requirements.txt"])
def test_lock_file_carries_hashes_and_no_addresses(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "--hash=sha256:" in text
    assert "://" not in text
    assert "index" not in text
