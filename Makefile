# Everything runs in .venv, which is made on the first call. Needs Python 3.11+ and pip.
# torch comes first, as constraints.txt pins it, so that no newer build is drawn in by others.

PYTHON ?= python3
BIN := .venv/bin
# Hundreds of commands are started by the tests: none should compile the modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check bench docs site clean

demo: .venv/demo.done
	$(BIN)/wattmark run demo --out runs/demo --overwrite

test: .venv/test.done
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not alone"
	$(BIN)/python -m pytest -m alone

check: .venv/test.done
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/test.done
	$(BIN)/python -m benchmarks

docs: .venv/demo.done
	$(BIN)/python tools/write_format_page.py
	$(BIN)/python tools/write_cli_page.py
	$(BIN)/python tools/write_study_results.py

# Nothing is fetched: the site is built, and read, without a network.
site: .venv/test.done
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

clean:
	rm -rf .venv build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
	find src -name '*.egg-info' -prune -exec rm -rf {} +

.venv/torch.done: constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	touch $@

.venv/demo.done: .venv/torch.done pyproject.toml
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[all]"
	touch $@

.venv/test.done: .venv/torch.done pyproject.toml
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[check]"
	touch $@ .venv/demo.done
