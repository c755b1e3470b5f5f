# `make` alone lists what there is. Everything runs in .venv, made from requirements.lock.
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help run test check coverage verify faults bench lock clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 14

run: .venv/ready ## train and compare the demo's models (2 minutes), then say where to look
	@dvc repro compare@demo
	@echo; cat data/tables/demo.md
	@echo; echo "Figures: reports/comparisons/demo/*.svg    All comparisons: reports/README.md"
	@echo "Next: edit a number in conf/, then: .venv/bin/python -m stages.compose && .venv/bin/dvc repro compare@demo"

test: .venv/ready ## all tests, offline (10 minutes)
	@python -m pytest -n 2 -m "not faults"

check: .venv/ready ## lint, types, params.yaml against conf/, the fast tests
	@ruff check
	@ruff format --check
	@mypy
	@python -m stages.compose --check
	@python -m pytest -n 2 -m "not slow and not faults"

coverage: .venv/ready ## the lines of stages/ that no test reaches (15 minutes)
	@COVERAGE_FILE=$(CURDIR)/.coverage python -m pytest -n 2 -m "not faults" --cov --cov-report=term-missing --cov-fail-under=95

verify: .venv/ready ## the same bytes twice? the demo in two clones (4 minutes), or COMPARISON=imdb-words
	@python -m stages.verify $(COMPARISON)

faults: .venv/ready ## kill the pipeline, start it twice, fill its disk (6 minutes)
	@python -m pytest -n 2 -m faults -rP

bench: .venv/ready ## speed beside the notebooks' code (4 minutes; FULL=1: on IMDB, 18 minutes)
	@$(if $(FULL),dvc repro --quiet pad@imdb-subwords8k pad@imdb-words)
	@python -m stages.bench $(if $(FULL),--full)

lock: ## rewrite requirements.lock from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --group dev --generate-hashes \
		--custom-compile-command "make lock" pyproject.toml --output-file requirements.lock

clean: ## delete the environment and drafts; data, models and the cache stay
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .coverage* dvc_plots

.venv/ready: requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else \
		"Python 3.11 to 3.13 is needed, found %d.%d; name another with: make PYTHON=python3.12 run" % v)'
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@
