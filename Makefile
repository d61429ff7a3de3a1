# The two commands are `make repro` and `make test`. Both do all set-up; after it nothing needs a network.
SHELL := /bin/bash
.DEFAULT_GOAL := help
unexport PYTHONDONTWRITEBYTECODE
PY := .venv/bin/python
export UV_CACHE_DIR := $(CURDIR)/.run/uv
export UV_COMPILE_BYTECODE := 0

.PHONY: help setup repro test slow mutants pictures lint lock data-docs clean

help:
	@sed -n 's/^## //p' Makefile

## make repro      set up, then run the pipeline on what params.yaml names (the bundled sample)
repro: setup
	@$(PY) -m pipelines.run

## make test       set up, then lint, types and tests
test: setup lint
	@$(PY) -m pytest -n 2 --dist worksteal

## make slow       the heavier suites: random kills, real pages, every archive file
slow: setup
	@$(PY) -m pytest -m slow --timeout=3000

## make mutants    plant one-line faults and see the tests turn red
mutants: setup
	@$(PY) -m tests.mutants

## make pictures   draw README's pictures from the run under data/ (needs chromium)
pictures: setup
	@$(PY) docs/pictures.py

## make data-docs  Great Expectations' own pages in .run/data_docs
data-docs: setup
	@$(PY) -m pipelines.gates --docs

lint:
	@.venv/bin/ruff check . && .venv/bin/ruff format --check -q . && .venv/bin/mypy

## make lock       resolve requirements.in anew
lock: setup
	@.venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --no-header -q requirements.in -o requirements.lock

setup: .venv/ready

.venv/ready: requirements.lock
	@start=$$(date +%s); mkdir -p .run; \
	python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Sluicegate needs Python 3.11 or newer as python3"; exit 14; }; \
	test -x $(PY) || python3 -m venv .venv \
	  || { echo "python3 cannot make a virtual environment: install its venv package (Debian: apt install python3-venv)"; exit 14; }; \
	$(PY) -m pip --version >/dev/null 2>&1 \
	  || { echo "the environment has no pip: install it (Debian: apt install python3-pip), then remove .venv"; exit 14; }; \
	sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .run/uv.txt; \
	$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r .run/uv.txt || exit 14; \
	$(PY) -m uv pip sync -q --python $(PY) --require-hashes --compile-bytecode requirements.lock || exit 14; \
	$(PY) -c 'import pathlib, site; pathlib.Path(site.getsitepackages()[0], "sluicegate.pth").write_text("$(CURDIR)\n")'; \
	test -e .git || $(PY) -m dvc config -q --local core.no_scm true; \
	echo "set-up: $$(( $$(date +%s) - start )) s"; touch $@

clean:
	rm -rf .venv .run
