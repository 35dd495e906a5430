# Everything runs in a virtual environment that the first command sets up.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

# The tests start thousands of processes, which else would compile each module anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-slow conformance lint bench clean

demo: $(READY)
	$(BIN)/python examples/demo.py

# Many tests wait, for a disk, a lease or a server: so there are more workers than cores.
test: lint
	$(BIN)/pytest -n 4

test-slow: $(READY)
	$(BIN)/pytest -n 4 -m slow

# Fetches the Restate server by npm; rewrites the results that the documents show.
conformance: $(READY)
	$(BIN)/pytest -n 4 -m "slow or not slow" tests/conformance --update

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

# The pip of an older Python writes commands that start more slowly: so it is upgraded.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"Python 3.11 or later is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv --upgrade-deps .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@
