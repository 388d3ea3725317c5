# `make run`, `make test`, `make lint`: what README tells a newcomer, and what CI runs.
# PYTHON picks the interpreter; each has a virtual environment of its own.

PYTHON ?= python3
TAG := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
VENV ?= .venv-$(TAG)
BIN := $(VENV)/bin
PIP := PYTHONWARNINGS=ignore $(BIN)/python -m pip --disable-pip-version-check --quiet
PORT ?= 8080
TESTS ?= tests
SECONDS ?= 600

MINUTES ?= 30

.PHONY: run test lint store proofs faults soak bench fuzz constraints audit clean

run: $(VENV)/.run
	$(BIN)/sso-bridge demo --port $(PORT) --directory demo

test: $(VENV)/.test
	$(BIN)/python -m pytest -n 3 --dist loadgroup $(TESTS)

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy sso_bridge tests
	cd benchmarks && ../$(BIN)/mypy --config-file ../setup.cfg .

# A store to click through, before the demo; docs/see-it-work.md.
store: $(VENV)/.test
	$(BIN)/sso-bridge harness store

# The promises about ERIDs under races and crashes, at full length: about half an hour on two cores.
proofs: $(VENV)/.test
	$(BIN)/python -m tests.proofs.race
	$(BIN)/python -m tests.proofs.crash
	$(BIN)/python -m tests.proofs.model
	$(BIN)/python -m tests.provision --users 20000

# Two nodes behind a proxy at half of the measured maximum: nothing may grow.
soak: $(VENV)/.test
	$(BIN)/python -m tests.nodes.soak --minutes $(MINUTES)

# What a call costs beside others that answer the same; docs/performance.md has the other commands.
bench: $(VENV)/.test
	$(BIN)/python benchmarks/calls.py

# Everything that can break around the real server, under load: the table of docs/reliability.md.
faults: $(VENV)/.test
	$(BIN)/python -m tests.faults

# All fuzzers in turn, for SECONDS in all; what they find is kept in fuzz-findings/.
fuzz: $(VENV)/.test
	$(BIN)/python -m tests.attack.fuzz --seconds $(SECONDS)

# What a deployment installs, each package with its hashes. Versions that are there stay unless setup.cfg
# forbids them; remove the file first to have the newest.
constraints: $(VENV)/.supply
	$(BIN)/uv pip compile setup.cfg --universal --python-version 3.11 --generate-hashes --quiet \
		--extra postgresql --extra mariadb --extra redis --extra otel --no-emit-index-url --no-emit-find-links \
		--custom-compile-command "make constraints" --output-file deploy/constraints.txt

# Known vulnerabilities of those; asks PyPI. Exits with 3 if that does not answer.
audit: $(VENV)/.supply
	$(BIN)/python -m tests.attack.advisories

clean:
	rm -rf .venv-* build dist *.egg-info demo fuzz-findings

$(VENV)/.venv:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade "pip >= 23.1" "setuptools >= 70"
	touch $@

$(VENV)/.run: $(VENV)/.venv setup.cfg setup.py pyproject.toml
	$(PIP) install --editable .
	touch $@

$(VENV)/.test: $(VENV)/.run
	$(PIP) install --editable '.[test]'
	touch $@

$(VENV)/.lint: $(VENV)/.test
	$(PIP) install --editable '.[test,lint]'
	touch $@

$(VENV)/.supply: $(VENV)/.test
	$(PIP) install --editable '.[test,supply]'
	touch $@
