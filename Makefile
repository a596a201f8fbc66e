# `make study` is all that a newcomer needs; `make help` lists the rest.
SHELL := /bin/bash
STUDY ?=
PYTHON ?= python3
DEVICE ?= cuda
OUT ?=
COMMIT ?=
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export OMP_NUM_THREADS := 1
export MLFLOW_DISABLE_TELEMETRY := true

.DEFAULT_GOAL := help
.PHONY: study archive clean ui help environment check test test-slow test-faults gpu-check hooks lock

##@ study: run it, keep it

study: environment  ## run params.yaml, or studies/NAME.yaml with STUDY=NAME
	@prunestudy study $(if $(STUDY),--study $(STUDY))

archive: environment  ## pack parameters, lock file, report and checksums into a zip to cite
	@prunestudy archive $(if $(STUDY),--params studies/$(STUDY).yaml)

clean:  ## delete all artifacts of every study (not the DVC cache)
	rm -rf data models logs mlruns .snakemake

##@ look

ui: environment  ## open MLflow's pages on this machine
	@prunestudy ui $(if $(STUDY),--params studies/$(STUDY).yaml)

help:  ## list the commands
	@sed -nE 's/^##@ /\n/p; s/^([a-z-]+):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 18

##@ develop

environment: .venv/.complete  ## make .venv from the lock file

.venv/.complete: requirements.lock pyproject.toml
	@echo "Making the environment in .venv (a few minutes, about 2 GB) …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "prunestudy needs Python 3.11 or newer; try make PYTHON=python3.11 …" >&2; exit 1; }
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

check: environment  ## lint, format, types, layers, workflow lint
	ruff check .
	ruff format --check .
	mypy
	lint-imports --no-cache
	python workflow/lint.py
	snakefmt --check Snakefile workflow

test: environment  ## run the tests, but for the slow ones
	@python -m pytest -n 2 -m "not slow" tests --ignore tests/faults

test-slow: environment  ## run the tests that take minutes each
	@python -m pytest -n 2 -m slow tests --ignore tests/faults

test-faults: environment  ## inject faults: kills, full disks, hostile files (takes long)
	@python -m pytest -n 2 tests/faults

# Without the environment: a machine with a GPU has a torch of its own.
gpu-check:  ## try what needs a GPU, in 8 minutes (OUT=folder COMMIT=sha; DEVICE=cpu: on a CPU)
	@PYTHONPATH=$(CURDIR)/src$${PYTHONPATH:+:$$PYTHONPATH} \
	  $(PYTHON) -m prunestudy.gpu_check --device $(DEVICE) \
	  $(if $(OUT),--out "$(OUT)") $(if $(COMMIT),--commit "$(COMMIT)")

hooks: environment  ## check every commit with pre-commit, which has to be installed
	@pre-commit install --hook-type pre-commit --hook-type commit-msg

lock: environment  ## write the lock file anew from what is installed
	@python -m pip freeze --exclude-editable --exclude prunestudy \
	  | sed 's/^\(torch==[0-9.]*\)+.*/\1/' > requirements.lock
