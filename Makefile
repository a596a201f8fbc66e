# `make study` is all that a newcomer needs; `make help` lists the rest.
SHELL := /bin/bash
STUDY ?=
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export OMP_NUM_THREADS := 1
export MLFLOW_DISABLE_TELEMETRY := true

.PHONY: help environment study test test-slow test-faults archive check ui lock clean

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

environment: .venv/.complete  ## make .venv from the lock file

.venv/.complete: requirements.lock pyproject.toml
	@echo "Making the environment in .venv (a few minutes, about 2 GB) …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "prunestudy needs Python 3.11 or newer; try make PYTHON=python3.11 …" >&2; exit 1; }
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

study: environment  ## run params.yaml, or studies/NAME.yaml with STUDY=NAME
	@prunestudy study $(if $(STUDY),--study $(STUDY))

test: environment  ## run the tests, but for the slow ones
	@python -m pytest -n 2 -m "not slow" tests --ignore tests/faults

test-slow: environment  ## run the tests that take minutes each
	@python -m pytest -n 2 -m slow tests --ignore tests/faults

test-faults: environment  ## inject faults: kills, full disks, hostile files (takes long)
	@python -m pytest -n 2 tests/faults

check: environment  ## lint, format, types, layers, workflow lint
	ruff check .
	ruff format --check .
	mypy
	lint-imports --no-cache
	python workflow/lint.py
	snakefmt --check Snakefile workflow

archive: environment  ## pack parameters, lock file, report and checksums into a zip to cite
	@prunestudy archive $(if $(STUDY),--params studies/$(STUDY).yaml)

ui: environment  ## open MLflow's pages on this machine
	@prunestudy ui $(if $(STUDY),--params studies/$(STUDY).yaml)

lock: environment  ## write the lock file anew from what is installed
	@python -m pip freeze --exclude-editable --exclude prunestudy \
	  | sed 's/^\(torch==[0-9.]*\)+.*/\1/' > requirements.lock

clean:  ## delete all artifacts of every study (not the DVC cache)
	rm -rf data models logs mlruns .snakemake
