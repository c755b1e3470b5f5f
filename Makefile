# `make` alone lists what there is. Everything runs in .venv, made from requirements.lock.
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help run fit test lint check coverage verify faults cluster bench timings lock clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 14

run: .venv/ready ## train and compare the demo's models (2 to 5 minutes), then say where to look
	@dvc repro compare@demo
	@awk -F ' *[|] *' '/^[|] -/ { next } /^[|]/ { gsub("[*]", ""); printf "%-17s%18s%18s\n", $$2, $$3, $$4; rows = 1; next } \
		rows { exit }' reports/chapters/demo.md
	@echo "Figures: reports/comparisons/demo/*.svg    All numbers: reports/chapters/demo.md"
	@echo "All of it, as a page: .venv/bin/python -m stages.tools.report demo"
	@echo "Next: edit a number in conf/, then: .venv/bin/python -m stages.compose && .venv/bin/dvc repro compare@demo"
	@echo "Your own texts: make fit DATA=tickets.csv"

fit: .venv/ready ## your own texts: make fit DATA=tickets.csv, with more as in ARGS="--label team --minutes 5"
	@test -n "$(DATA)" || { echo 'DATA: found none, allowed: a table or a folder; say make fit DATA=tickets.csv' >&2; exit 1; }
	@python -m stages.tools.fit "$(DATA)" $(ARGS)

test: .venv/ready ## all tests but those of `make faults` and `make cluster`, offline (5 to 15 minutes)
	@python -m pytest -n 2 --dist worksteal -m "not faults and not cluster"

lint: .venv/ready ## style, types, params.yaml against conf/
	@ruff check
	@ruff format --check
	@mypy
	@python -m stages.compose --check

check: lint ## lint and the fast tests
	@python -m pytest -n 2 --dist worksteal -m "not slow and not faults and not cluster"

coverage: .venv/ready ## the lines of stages/ that no test reaches (15 minutes)
	@COVERAGE_FILE=$(CURDIR)/.coverage python -m pytest -n 2 --dist worksteal -m "not faults and not cluster" --cov --cov-report=term-missing --cov-fail-under=95

verify: .venv/ready ## the same bytes twice? the demo in two clones (4 minutes), or COMPARISON=imdb-words
	@python -m stages.tools.verify $(COMPARISON)

faults: .venv/ready ## kill the pipeline, start it twice, fill its disk, kill workers (15 minutes)
	@python -m pytest -n 2 -m faults -rP

cluster: .venv/ready ## the demo and IMDB on two machines, one of which loses its worker: the same bytes? (20 minutes)
	@python -m pytest -m cluster -rP

bench: .venv/ready ## speed beside the notebooks' code (4 minutes; FULL=1: on IMDB, 20 to 80 minutes)
	@$(if $(FULL),dvc repro --quiet pad@imdb-subwords8k pad@imdb-words)
	@python -m stages.tools.bench $(if $(FULL),--full)

timings: .venv/ready ## how long trainings took: reports/timings.md and .csv, renewed from those made here
	@python -m stages.tools.timings
	@python -m stages.tools.costs

# What `make lock` keeps of each package: the wheels of CPython 3.11 to 3.13 for the platforms that TensorFlow has
# wheels for (Linux on x86-64 and arm64, macOS on arm64), and the sources of the two packages that have no wheels.
SOURCES = (antlr4-python3-runtime|promise)-[0-9.]+[.]tar[.]gz
PLATFORM = any|manylinux.*_(x86_64|aarch64)|macosx_.*_(arm64|universal2)
KEPT = ^($(SOURCES)|.*-(py3|py2.py3|cp3[0-9]+)-(none|abi3|cp31[123])-($(PLATFORM))[.]whl)$$
RESOLVE = uv pip compile --quiet --universal --python-version 3.11 --all-extras --group dev

# awk: after each pin the hashes, which pip reads, and the files' names, which tests/test_environment.py reads
define WITH_FILES
NR == FNR && /^name = / { name = $2 }
NR == FNR && /^version = / { pin = name "==" $2 }
NR == FNR && /sha256 = / { file = $2; sub(".*/", "", file) }
NR == FNR && /sha256 = / && file ~ kept { hashes[pin] = hashes[pin] " \\\n    --hash=sha256:" $4 }
NR == FNR && /sha256 = / && file ~ kept { files[pin] = files[pin] "\n    # " file }
NR == FNR { next }
/^[a-z0-9]/ { pin = $0; sub("[[].*[]]", "", pin); sub(" .*", "", pin); left_out = !(pin in hashes) }
left_out { next } # Windows only
{ print $0 (/^[a-z0-9]/ ? hashes[pin] files[pin] : "") }
endef

lock: export WITH_FILES := $(value WITH_FILES)
lock: ## rewrite requirements.lock from pyproject.toml (needs uv)
	$(RESOLVE) --no-strip-extras --custom-compile-command "make lock" pyproject.toml --output-file requirements.lock
	$(RESOLVE) --constraints requirements.lock pyproject.toml --output-file pylock.toml
	awk -F '"' -v kept='$(KEPT)' "$$WITH_FILES" pylock.toml requirements.lock > pylock.txt
	mv pylock.txt requirements.lock && rm pylock.toml

clean: ## delete the environment and drafts; data, models and the cache stay
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .coverage* dvc_plots

# Nothing is resolved: each file that pip may take is in the lock. Two packages have no wheels and are built with the
# lock's setuptools, which therefore comes first.
INSTALL = .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps

.venv/ready: requirements.lock
	@$(PYTHON) -c 'import platform, sys; v = sys.version_info[:2]; here = sys.platform + " " + platform.machine(); \
		sys.exit("Python 3.11 to 3.13 is needed, found %d.%d; name another with: make PYTHON=python3.12 run" % v \
		if not (3, 11) <= v <= (3, 13) else "TensorFlow has no wheels for %s: use Linux (Windows: WSL) or macOS on arm64" \
		% here if here not in ("linux x86_64", "linux aarch64", "darwin arm64") else None)'
	$(PYTHON) -m venv --clear .venv
	@sed -n '/^setuptools==/,/[^\\]$$/p' requirements.lock > .venv/setuptools.lock
	@echo "Downloading and installing the packages of requirements.lock: 4 GB, two to ten minutes"
	$(INSTALL) -r .venv/setuptools.lock
	$(INSTALL) --no-build-isolation --use-pep517 -r requirements.lock
	@# so that `python -m stages.tools.predict` works in any folder
	@.venv/bin/python -c 'import pathlib, sysconfig; \
		pathlib.Path(sysconfig.get_path("purelib"), "seqstudy.pth").write_text(f"{pathlib.Path.cwd()}\n", "utf-8")'
	@touch $@
