# Each target sets up what it needs in a private .venv, and does nothing when nothing changed.
# A lock names every package, so pip resolves nothing (--no-deps): left to resolve, pip before 24 takes an
# extra (coverage[toml]) for a second package and prefers its newest release to the locked one.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check
ROOMS  := alerts crawler pipeline unsealed

.PHONY: help demo run test lint bench lock clean

help:
	@echo "make demo   the whole job on a bundled newsroom, no network and no settings"
	@echo "make run    one full cycle on live sources (settings: unsealed.toml)"
	@echo "make test   lint, types, import contract, all tests with branch coverage"
	@echo "make lint   lint, types, import contract"
	@echo "make bench  every benchmark"
	@echo "make lock   pin dependencies anew"

demo: $(VENV)/.run
	@$(BIN)/unsealed demo

run: $(VENV)/.run
	@$(BIN)/unsealed run

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/python -m pytest -n 2 --dist worksteal --cov --cov-report=term

bench: $(VENV)/.dev
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

# On the bare environment: with a dependency added, the old locks no longer satisfy `pip check`.
lock: | $(BIN)/python
	$(PIP) install uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
		pyproject.toml requirements/build.in -o requirements/run.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
		pyproject.toml requirements/build.in --group dev -c requirements/run.lock -o requirements/dev.lock

clean:
	rm -rf $(VENV) build dist unsealed-demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "unsealed needs Python 3.11 or later; $(PYTHON) is older. Try: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "this Python cannot make virtual environments (on Debian: apt install python3-venv)"; exit 1; }

$(VENV)/.run: requirements/run.lock pyproject.toml | $(BIN)/python
	@echo "installing what unsealed needs into $(VENV) (once)"
	@$(PIP) install --require-hashes --no-deps -r requirements/run.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.run
	@echo "installing what its tests need"
	@$(PIP) install --require-hashes --no-deps -r requirements/dev.lock
	@$(PIP) check
	@touch $@
