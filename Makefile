# All commands run in .venv, which `make setup` creates and updates.
PYTHON ?= $(shell command -v python3.12 || command -v python3.13 || command -v python3)
# Number of parallel tests; they compile C++, which needs about 2 GB of memory each.
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.current
RUNTIME := $(VENV)/.runtime
# Byte code is written when a module is imported; most installed modules are never imported.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile \
  -c constraints.txt

# Without byte code each process would compile every module again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test test-slow lint docs bench reports clean
.DELETE_ON_ERROR:

setup: $(STAMP)

# The demo does not need the packages for tests and development.
$(RUNTIME): pyproject.toml constraints.txt pkqsp_bayes/_version.py
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 12) and "Python 3.12 or newer is needed: make setup PYTHON=/path/to/python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) -e .
	@touch $@

$(STAMP): $(RUNTIME)
	$(INSTALL) -e '.[test,dev,docs]'
	@touch $@

demo: $(RUNTIME)
	$(BIN)/python -m examples.demo reports/demo

test: setup
	$(BIN)/pytest -q -n $(JOBS) --dist loadfile

test-slow: setup
	$(BIN)/pytest -q -m slow -n $(JOBS) --dist loadfile

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The pages of docs/ in site/; warnings are errors, and nothing is downloaded.
docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --clean

bench: setup
	$(BIN)/python -m tests.benchmarks

# The case studies; mavoglurant and warfarin are downloaded, or taken from $PKQSP_DATA.
reports: setup
	$(BIN)/python -m examples.case_studies

clean:
	rm -rf $(VENV) build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
