# Two commands do everything on a fresh machine: `make drill` and `make test`.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: drill test lint bench clean

drill: $(STAMP)
	$(BIN)/gatedrill run --duration 10s

test: $(STAMP)-test lint
	$(BIN)/pytest

lint: $(STAMP)-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python benchmarks/drill.py

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gatedrill needs Python 3.11 or newer: make PYTHON=python3.12 drill")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/pip install --quiet --editable '.[all]'
	@touch $@

$(STAMP)-test: $(STAMP)
	$(BIN)/pip install --quiet --group test
	@touch $@
