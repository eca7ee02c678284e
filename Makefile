# `make run` serves Heard on this machine; `make test` runs every test. Both set up all they need.
PYTHON ?= python3
BIN := .venv/bin
export HEARD_DATA ?= data

.PHONY: run test check build lint types format package stack deploy scan lock clean

run: .venv/host
	$(BIN)/heard build
	$(BIN)/heard serve

build: .venv/host
	$(BIN)/heard build

test: .venv/test chromium
	$(BIN)/heard build
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal --cov --cov-report term $(ARGS)

check: format lint types test

format: .venv/test
	$(BIN)/ruff format functions site tests infra

lint: .venv/test
	$(BIN)/ruff check functions site tests infra
	$(BIN)/ruff format --check functions site tests infra

types: .venv/test
	$(BIN)/mypy

.venv/host: requirements/host.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Heard needs Python 3.11 or newer; set PYTHON=/path/to/it")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/host.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.venv/test: .venv/host requirements/test.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation -r requirements/test.txt
	touch $@

# Browser tests drive the Chromium this machine has: CHROME, one on the PATH, or as root on Debian the package.
.PHONY: chromium
chromium: .venv/test
	@sh tests/browser/find-chromium

# Every schedule of two faults, and a hundred kills; about two hours. `make test` has those of one fault.
.PHONY: faults
faults: .venv/test
	$(BIN)/heard build
	$(BIN)/python -m pytest tests/faults $(ARGS)
	$(BIN)/python -m tests.faults.simulator
	$(BIN)/python -m tests.faults.killing --times 100

# How many complaints this machine takes, and what 100,000 stored cases change. ARGS=--short for half a minute.
.PHONY: load
load: .venv/host
	$(BIN)/heard build
	$(BIN)/python -m tests.load.run $(ARGS)

# For AWS; docs/aws.md says how to deploy what these make.
package: .venv/test
	$(BIN)/heard build
	$(BIN)/python infra/package.py $(ARGS)

stack: .venv/test
	$(BIN)/heard build
	$(BIN)/python infra/stack.py

deploy:
	@infra/deploy

# Judges the templates. Its pins and the tests' conflict, so it has an environment of its own.
scan: .venv-scan/ready
	.venv-scan/bin/checkov --config-file infra/.checkov.yaml

.venv-scan/ready: requirements/scan.txt
	$(PYTHON) -m venv .venv-scan
	.venv-scan/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/scan.txt
	touch $@

# Maintainers: renew the locks after changing a requirements/*.in file (needs `uv`).
lock:
	for name in functions host aws test scan; do \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    requirements/$$name.in --output-file requirements/$$name.txt; done

clean:
	rm -rf .venv .venv-scan build functions/heard/compiled .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
