#!/bin/sh
# Makes $VENV from requirements.lock, or says in plain words what is missing. Safe to run again.
set -eu
PYTHON="${PYTHON:-python3}"
VENV="${VENV:-.venv}"

say() { printf '%s\n' "$*" >&2; }

command -v "$PYTHON" >/dev/null 2>&1 || {
    say "twoleg needs Python 3.11, 3.12 or 3.13; there is no '$PYTHON' on PATH."
    say "Install it, or name another one: make venv PYTHON=/path/to/python3.12"
    exit 1
}
"$PYTHON" -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] < (3, 14)))' || {
    say "twoleg needs Python 3.11, 3.12 or 3.13; '$PYTHON' is $("$PYTHON" -V 2>&1)."
    say "Name another one: make venv PYTHON=/path/to/python3.12"
    exit 1
}
"$PYTHON" -c 'import venv, ensurepip' 2>/dev/null || {
    say "'$PYTHON' has no working venv module; on Debian or Ubuntu: apt install python3-venv"
    exit 1
}
[ -x "$VENV/bin/python" ] && "$VENV/bin/python" -c 'import pip' 2>/dev/null || {
    rm -rf "$VENV"
    "$PYTHON" -m venv "$VENV"
}
say "installing the pinned dependencies into $VENV (the first time takes about a minute) ..."
"$VENV/bin/python" -m pip install -q --disable-pip-version-check --require-hashes \
    -r requirements.lock || {
    say "The dependencies could not be installed: see pip's message above."
    say "A network path to a Python package index (or a mirror in pip's configuration) is needed."
    exit 1
}
"$VENV/bin/python" -m pip install -q --disable-pip-version-check --no-deps \
    --no-build-isolation -e .
touch "$VENV/.installed"
