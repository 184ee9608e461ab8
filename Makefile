# Maillage: `make` lists the targets. Needs Python 3.11 or newer and make, nothing else.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3 python; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
DATA := $(or $(MAILLAGE_DATA),.data)
export PORT ?= 8000
unexport PYTHONDONTWRITEBYTECODE  # what is compiled is kept: a fifth of the time of `make check`

.PHONY: help run test check format faults bench audit clean

help:  ## List the targets
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

.venv/run: requirements/run.txt pyproject.toml
	@[ -n "$(PYTHON)" ] || { echo "Maillage needs Python 3.11 or newer, and found none. Install it, or name one: make run PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make an environment: install its venv module (Debian: apt install python3-venv)."; exit 1; }
	@$(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@echo "Installing into .venv: a minute or two, once."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

.venv/dev: .venv/run requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

run: .venv/run  ## Start everything on this machine: four services, NATS, PostgreSQL, a mailbox, the examples
	@exec $(BIN)/maillage run

test: .venv/dev check  ## Everything: make check, services, the story in a browser, the faults in their short form (two files at a time)
	$(BIN)/pytest tests/service tests/season tests/security tests/e2e
	$(BIN)/pytest -n 2 --dist loadfile tests/faults

check: .venv/dev  ## Under 30 s: format, lint, strict types, import contracts, unit, contracts, architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/unit tests/contracts tests/architecture

format: .venv/dev  ## Put the code in its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

FAULTS = $(if $(ONLY),$(foreach n,$(ONLY),$(or $(wildcard tests/faults/test_fault_$(n)_*.py tests/faults/test_fault_0$(n)_*.py),$(error there is no fault $(n): look into docs/faults.md))),tests/faults)
faults: .venv/dev  ## The faults in their long form (ONLY=12 for one, ONLY="1 2" for two)
	MAILLAGE_FAULTS=long $(BIN)/pytest $(FAULTS)

bench: .venv/dev  ## Measure against the physical limit (ONLY=forms for one)
	$(BIN)/python -m bench $(ONLY)

audit: .venv/dev  ## Is a secret in a file, or a known fault in a library? Advisories come from outside
	$(BIN)/python .ci/audit.py

clean:  ## Remove the environment and caches (never the data folder)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
