# Two commands: `make demo` shows it at work, `make test` tests it. Both set up .venv by themselves.

VENV    := .venv
PY      := $(VENV)/bin/python
PYTHON  := python3.14 python3.13 python3.12 python3.11 python3
WORKERS := auto
ARGS    :=

.DEFAULT_GOAL := help
.PHONY: help bench bench-quick coverage demo devices test test-long lint types format venv clean moved

help: ## say what can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

demo: $(VENV)/.all ## a simulated fleet is found, read and reported; leaves ./demo/
	@$(VENV)/bin/pagemeter demo $(ARGS)

devices: $(VENV)/.dev ## writes docs/devices.md from the recordings beside the checkout
	@$(PY) docs/devices.py ../shared/walks

test: $(VENV)/.dev ## the tests (ARGS="-k words" picks some; WORKERS=0 runs them in one process)
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not long" $(ARGS)

test-long: $(VENV)/.dev ## the tests that take minutes
	@$(PY) -m pytest -m long $(ARGS)

coverage: $(VENV)/.dev ## the tests in one process, and which lines they run; takes several times as long
	@$(PY) -m coverage erase
	@$(PY) -m coverage run -m pytest -m "not long" $(ARGS)
	@$(PY) -m coverage combine --quiet
	@$(PY) -m coverage report

bench: $(VENV)/.all ## the speed claims, measured side by side; writes bench/RESULTS.md
	@$(PY) -m bench.speed $(ARGS)

bench-quick: $(VENV)/.all ## the same in less than two minutes; prints only
	@$(PY) -m bench.speed --quick $(ARGS)

lint: $(VENV)/.dev ## ruff: rules and format
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --check --quiet .

format: $(VENV)/.dev ## ruff: mend what can be mended
	@$(PY) -m ruff check --quiet --fix .
	@$(PY) -m ruff format --quiet .

types: $(VENV)/.dev ## mypy, strict: as Linux, Windows and macOS
	@$(PY) -m mypy
	@$(PY) -m mypy --platform win32 --cache-dir .mypy_cache/win32
	@$(PY) -m mypy --platform darwin --cache-dir .mypy_cache/darwin

venv: $(VENV)/.dev ## only set up .venv, with all that development needs
	@:

clean: ## remove what was made: .venv, caches, ./demo/, ./dist/
	@rm -rf $(VENV) demo dist build htmlcov .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis

# The stamps say for which pyproject.toml .venv was filled; a moved checkout or a Python that went away fills it anew.
ifneq ($(shell $(PY) -c 'print(open("$(VENV)/.checkout").read().strip())' 2>/dev/null),$(CURDIR))
$(VENV)/.all $(VENV)/.dev: moved
endif

$(VENV)/.all: pyproject.toml
	$(call fill,all)
	@touch $@

$(VENV)/.dev: pyproject.toml
	$(call fill,dev)
	@touch $(VENV)/.all $@

define fill
	@test -x $(PY) && $(PY) -m pip --version >/dev/null 2>&1 || { $(new); }
	@echo "Installing Pagemeter and what it needs into $(VENV) (a minute, the first time) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[$(1)]'
	@echo '$(CURDIR)' > $(VENV)/.checkout
endef

# Debian's python3 has the module venv but not ensurepip, without which it makes environments that have no pip.
define new
	for python in $(PYTHON); do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null || { found="$$python"; continue; }; \
		echo "Making $(VENV) with $$("$$python" --version) ..."; \
		exec "$$python" -m venv --clear $(VENV); \
	done; \
	if test -n "$$found"; then \
		echo "$$found has no venv; on Debian and Ubuntu: apt-get install python3-venv" >&2; \
	else \
		echo "Python 3.11 or newer is needed; on Debian and Ubuntu: apt-get install python3 python3-venv" >&2; \
		echo "(or name one: make ... PYTHON=/path/to/python3)" >&2; \
	fi; \
	exit 1
endef
