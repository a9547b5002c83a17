# Two commands matter: `make demo` and `make test`. Both make their own environment in .venv.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Many tests wait for processes, sockets and a database: one worker more than there are cores, up
# to four, leaves no core idle meanwhile.
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN); echo $$((n < 4 ? n + 1 : 4)))
STAMP := $(VENV)/.installed
# The tests start many processes: each would compile the whole package again if told not to keep it.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help venv demo test check lint mypy pyright imports unit format lock bench soak seeds kills fuzz clean
.DEFAULT_GOAL := help

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(STAMP) ## make the environment in .venv

$(STAMP): requirements.lock pyproject.toml
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh scripts/make-venv.sh

demo: venv ## run both simulated venues and the daemon [SECONDS=N SEED=S JSON=FILE KEEP=1]
	@$(BIN)/twoleg demo $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED)) \
		$(if $(JSON),--json "$(JSON)") $(if $(filter 1,$(KEEP)),--keep)

test: check unit ## all checks and all tests [WORKERS=N]

check: venv ## ruff, mypy, pyright and import-linter, two at a time
	@$(MAKE) --no-print-directory -j2 mypy pyright lint imports

lint: venv
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

mypy: venv
	@$(BIN)/mypy

pyright: venv
	@PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright

imports: venv
	@$(BIN)/lint-imports

unit: venv
	@rm -f .coverage .coverage.*
	@$(BIN)/coverage run -m pytest -n $(WORKERS) --dist worksteal $(ARGS)
	@$(BIN)/coverage combine -q
	@echo "coverage of the core (branches, at least 95 %):"
	@$(BIN)/coverage report --include='daemon/twoleg/core/*' --fail-under=95
	@echo "coverage of everything (branches, at least 85 %):"
	@$(BIN)/coverage report --fail-under=85

format: venv ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: venv ## pin all dependencies again, with hashes and without addresses
	@$(BIN)/pip install -q uv
	@$(BIN)/uv pip compile --universal --generate-hashes --extra dev --python-version 3.11 \
		--custom-compile-command "make lock" -q pyproject.toml -o requirements.lock

bench: venv ## measure the way of one tick against the naive version, and what safety costs
	@$(BIN)/python benchmarks/tick.py
	@$(BIN)/python benchmarks/safety.py

soak: venv ## a day of both feeds under every fault, in virtual time [HOURS=24 PAIRS=4 SEED=1 CONNECTIONS=1]
	@$(BIN)/python -m tests.simulation feeds $(if $(HOURS),--hours $(HOURS)) \
		$(if $(PAIRS),--pairs $(PAIRS)) $(if $(SEED),--seed $(SEED)) \
		$(if $(CONNECTIONS),--connections $(CONNECTIONS))

seeds: venv ## the daemon, both venues and all faults on a virtual clock, seed by seed [SEEDS=0:10000 JOBS=N]
	@$(BIN)/python -m tests.simulation --seeds $(or $(SEEDS),0:10000) $(if $(JOBS),--jobs $(JOBS))

kills: venv ## kill -9 a real daemon at random moments under load [MOMENTS=200 SEED=S]
	@$(BIN)/python -m tests.kills $(if $(MOMENTS),--moments $(MOMENTS)) $(if $(SEED),--seed $(SEED))

fuzz: venv ## fuzz what reads the venues' bytes, guided by coverage [SECONDS=600 for each target]
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps \
		-r tests/fuzz/requirements.txt
	@$(BIN)/python -m tests.fuzz $(if $(SECONDS),--seconds $(SECONDS))

clean: ## remove the environment and caches
	@rm -rf $(VENV) .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
