PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.installed
# Two processes for two cores: threads of linear algebra would wait for one another.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

.PHONY: demo test test-slow lint format docs docs-check bench clean

demo: $(READY)  ## the quick start: three data sets, one table
	@$(BIN)/python examples/quickstart.py

test: $(READY)  ## tests, docstrings and the pages' examples
	@$(PYTEST)

test-slow: $(READY)  ## what `make test` leaves out
	@$(PYTEST) -m slow

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(READY)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(READY)  ## docs/_build/html/index.html
	@$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html

docs-check: $(READY)  ## every page, reference and docstring without a warning
	@$(BIN)/python -m sphinx -q -W --keep-going -E -b dummy docs docs/_build/check

bench: $(READY)  ## side by side with peers, as ratios
	@$(BIN)/python -m pip install --quiet --editable '.[bench]'
	@$(BIN)/python -m benchmarks.cross_validation

clean:
	rm -rf .venv build docs/_build .pytest_cache .ruff_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment is ready when .installed is newer than pyproject.toml. While it is
# being filled it holds .installing: one that was cut short starts from scratch.
$(READY): pyproject.toml
	@test ! -e .venv/.installing || rm -rf .venv
	@mkdir -p .venv && touch .venv/.installing
	@echo "Setting up .venv (once; TensorFlow is large) ..." >&2
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@mv .venv/.installing $@
