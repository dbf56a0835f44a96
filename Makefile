# `make demo` and `make test` set up everything they need; the second time they find it there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
JOBS ?= 2
# A file's tests stay in one worker, which shares their daemon or project; files go in order, so the long ones go first.
PYTEST := $(BIN)/python -m pytest
SPREAD := -n $(JOBS) --dist loadfile --no-loadscope-reorder

.PHONY: demo test quick lint format coverage bench lock clean
.DEFAULT_GOAL := test

demo: $(READY)  ## scaffold, train and register a model on the local cloud
	@$(BIN)/python tools/demo.py

test: $(READY)  ## all tests
	@$(PYTEST) $(SPREAD)

quick: $(READY)  ## the subset that fits into a minute
	@$(PYTEST) $(SPREAD) -m "not slow" -q

lint: $(READY)  ## style, types and layers; any warning is an error
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: $(READY)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

coverage: $(READY)  ## all tests, failing under 90 % of platform/ and plugins/
	@$(PYTEST) $(SPREAD) --cov --cov-report=term --cov-fail-under=90

bench: $(READY)  ## every speed promise, ours and the peer's in one run
	@PYTHONPATH=tests $(BIN)/python -m benchmarks

lock: $(READY)  ## pin every dependency, with hashes
	@$(BIN)/uv pip compile -q pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --custom-compile-command "make lock" -o requirements.lock

clean:
	rm -rf $(VENV)

$(READY): pyproject.toml requirements.lock requirements-uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"Headgate needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}. Try: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "setting up $(VENV) (once; a few minutes)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@
