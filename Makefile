# Two commands set everything up on a fresh machine with Python 3.11 or newer:
#   make demo   the light install, the bundled conversations, the report
#   make test   everything that the tests need, then the tests
PYTHON ?= python3
VENV ?= .venv
PIP = $(VENV)/bin/python -m pip --disable-pip-version-check
WORKERS ?= 2

.PHONY: demo test lint bench clean

demo: $(VENV)/.light
	$(VENV)/bin/affectflow demo --to affectflow-demo

test: $(VENV)/.dev
	$(VENV)/bin/python -m pytest -n $(WORKERS) --dist loadfile \
	  --no-loadscope-reorder $(PYTEST_ARGS)

lint: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: $(VENV)/.dev
	$(VENV)/bin/python -m tests.bench

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.light: pyproject.toml | $(VENV)/bin/python
	$(PIP) install --quiet .
	touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(PIP) install --quiet --upgrade 'pip>=25.1'
	$(PIP) install --quiet --editable '.[torch]' --group dev
	touch $@

clean:
	rm -rf $(VENV) dist build affectflow-demo
