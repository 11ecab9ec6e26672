# `make help` lists the targets. Nothing has to be installed by hand but make, bash and a Python 3.11 or newer.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# A command that finds itself compiled starts in two thirds of the time, and the tests start thousands.
unexport PYTHONDONTWRITEBYTECODE

# Settings: on the command line or in the environment, as in `make bench ARGS="--shape narrow"`.
PYTHON ?=
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
# Every crash point of the executor takes a minute: `make test` goes through them, the quick round does not.
UNIT_TESTS := tests/unit $(wildcard tests/engines/test_memory.py tests/test_layers.py tests/test_docs.py) \
	--ignore=tests/unit/executor/test_crash_points.py

.PHONY: help setup demo demo-lake test test-unit test-full lint format bench bench-lake lab-up lab-down clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv and install the project into it (once; again when its requirements change)

# Candidates are run, not only looked up: a version manager's shim can be on PATH and still fail.
$(STAMP): pyproject.toml constraints.txt
	@usable='import sys, ensurepip, sqlite3, venv; sys.exit(sys.version_info < (3, 11))'; \
	python=; \
	for candidate in $(or $(PYTHON),python3.13 python3.12 python3.11 python3); do \
		if "$$candidate" -c "$$usable" >/dev/null 2>&1; then python="$$candidate"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "make: no Python 3.11 or newer with venv, ensurepip and sqlite3 was found; install one (on Debian:" \
			"apt-get install python3 python3-venv) or name it with make setup PYTHON=/path/to/python" >&2; \
		exit 1; \
	fi; \
	if ! $(BIN)/python -c "$$usable" >/dev/null 2>&1 || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		echo "making $(VENV) with $$("$$python" --version)"; \
		"$$python" -m venv --clear $(VENV); \
	fi; \
	echo "installing the project and its tools into $(VENV)"; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'; \
	touch $@

demo: setup ## move a shop database between two real servers: plan, show, apply, verify (ARGS=--kill kills it on the way)
	@$(BIN)/python -m tests.demo $(ARGS)

demo-lake: setup ## move a partitioned schema between two real lakes: plan, apply, verify, a new partition, rollback
	@$(BIN)/python -m tests.lab prepare lake
	@$(BIN)/python -m tests.demo.lake

# What kills servers or counts processes wants the machine for itself; the rest runs two at a time.
ALONE := tests/crash tests/lake/crash $(addprefix tests/e2e/test_,$(addsuffix .py,demo failures interruptions lab many_objects \
	several_databases))
TOGETHER := $(addprefix --ignore=,$(ALONE)) tests

test: setup lint ## lint, then every test but the long matrices (real servers included)
ifeq ($(strip $(ARGS)),)
	@$(BIN)/python -m tests.lab prepare all lake # a first download may take longer than a test
	$(BIN)/python -m pytest -m "not full" -n 2 --dist loadgroup $(TOGETHER)
	$(BIN)/python -m pytest -m "not full" $(ALONE)
else
	$(BIN)/python -m pytest -m "not full" $(ARGS)
endif

test-unit: setup ## the quick tests, which need no server
	$(BIN)/python -m pytest -n auto -m "not full" $(UNIT_TESTS) $(ARGS)

test-full: setup lint ## every test, the long matrices too
ifeq ($(strip $(ARGS)),)
	@$(BIN)/python -m tests.lab prepare all lake
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(TOGETHER)
	$(BIN)/python -m pytest $(ALONE)
else
	$(BIN)/python -m pytest $(ARGS)
endif

lint: setup ## ruff and mypy, changing nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## measure migrate beside the floor, mydumper, mariadb-dump and a plain script (docs/benchmarks.md)
	@$(BIN)/python -m tests.bench $(ARGS)

bench-lake: setup ## copy files of Hive tables beside s5cmd and rclone, and plan large lakes (docs/benchmarks-lake.md)
	@$(BIN)/python -m tests.bench.lake $(ARGS)

lab-up: setup ## start the servers the tests use; what it prints is for the shell: eval "$(make -s lab-up)"
	@$(BIN)/python -m tests.lab up $(ARGS)

lab-down: setup ## stop the servers that lab-up started
	@$(BIN)/python -m tests.lab down $(ARGS)

clean: ## remove .venv and everything that was built or cached here (the lab's servers and data stay)
	rm -rf $(VENV) build dist ./*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find migrate tests -type d -name __pycache__ -prune -exec rm -rf {} +
