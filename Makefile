# Aislewatch: `make run` shows it, `make test` proves it. Both set everything up by themselves.

VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
SHELL_FILES := .ci/run image-build/build systemd/install $(wildcard tools/*.sh image-build/files/*/usr/lib/aislewatch/*)
ARGS ?=

.PHONY: run demo test test-slow lab image check format bench docs peers lock clean help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

run: $(STAMP) ## the simulated shop, its camera and a hub, with a live page (ARGS="--for 60")
	$(VENV)/bin/aislewatch demo $(ARGS)

test: $(STAMP) ## the default tests (under 10 minutes on 2 cores)
	@test "$$(id -u)" != 0 || $(MAKE) --no-print-directory need COMMAND=mosquitto PACKAGE=mosquitto
	$(PY) -m pytest -n auto --dist worksteal -m "not slow and not lab" $(ARGS)

test-slow: $(STAMP) .venv-schemathesis/.installed ## the long ones: kill cycles, soak; the laboratory's short form where mmdebstrap and systemd-container are installed
	@$(MAKE) --no-print-directory need COMMAND=gcc PACKAGE="gcc libc6-dev"
	@$(MAKE) --no-print-directory need COMMAND=mkfs.ext4 PACKAGE=e2fsprogs
	$(PY) -m pytest -m "slow or lab" --timeout=1800 $(ARGS)

lab: $(STAMP) ## the laboratory in its long form: booted systems, emulated boards (as root; see docs/lab.md)
	@$(MAKE) --no-print-directory need COMMAND=mmdebstrap PACKAGE=mmdebstrap
	@$(MAKE) --no-print-directory need COMMAND=systemd-nspawn PACKAGE=systemd-container
	AISLEWATCH_LAB=full $(PY) -m pytest -m lab --timeout=3600 $(ARGS) tests/lab

check: $(STAMP) ## linters, types, layers, shell scripts
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(PY) -m pytest -q -p no:cacheprovider tests/test_layers.py
	@$(MAKE) --no-print-directory need COMMAND=shellcheck PACKAGE=shellcheck
	shellcheck $(SHELL_FILES)

bench: $(STAMP) ## measure against the peers, side by side; writes docs/benchmarks.md
	$(PY) tools/bench.py $(ARGS)

docs: $(STAMP) ## write the pages that are made from the code
	$(PY) tools/make_docs.py

peers: .venv-peers/.installed ## the trackers that ours is measured against, in an environment of their own

.venv-peers/.installed: tools/requirements-peers.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r $<
	@touch $@

.venv-schemathesis/.installed: tools/requirements-schemathesis.txt
	$(PYTHON) -m venv .venv-schemathesis
	.venv-schemathesis/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

format: $(STAMP) ## put the code into the house's form
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

lock: $(STAMP) ## resolve the dependencies anew, with hashes and without addresses
	$(VENV)/bin/pip install --quiet uv
	$(VENV)/bin/uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --upgrade -o requirements.lock
	$(VENV)/bin/uv pip compile pyproject.toml --extra dev --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --upgrade -o requirements-dev.lock

image: $(STAMP) ## the flashable image of the emulated board, with its update bundle and papers (ARGS="--recipe rpi ...")
	nice -n 5 image-build/build $(ARGS)

clean: ## remove what the other targets made
	rm -rf $(VENV) .venv-* .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info

$(STAMP): requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { echo "$(PYTHON) is not Python 3.11 to 3.13; set PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || $(MAKE) --no-print-directory need COMMAND=none PACKAGE=python3-venv
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	PYTHONWARNINGS=ignore $(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(PY) -c 'import pathlib, sysconfig; pathlib.Path(sysconfig.get_path("purelib"), "checkout.pth").write_text("$(CURDIR)\n")'
	@touch $@

# Install a system package when we may, else say what is missing.
.PHONY: need
need:
	@command -v $(COMMAND) >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq $(PACKAGE) >/dev/null; \
	  else echo "missing: $(PACKAGE). Run: sudo apt-get install $(PACKAGE)" >&2; exit 1; fi; }
