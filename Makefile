# Two commands set everything up on a fresh machine with Python 3.11 or newer:
#   make demo   the light install, the bundled conversations, the report
#   make test   everything that the tests need, then the tests
# Tests of an extra are skipped, and say so, unless it is named: make test EXTRAS=torch
# Proofs with all their cases take hours: make prove
PYTHON ?= python3
VENV ?= .venv
EXTRAS ?=
# CI installs by uv, which takes a third of the time: make test UV=uv
UV ?=
INSTALL = $(if $(UV),$(UV) pip install --python $(VENV)/bin/python,\
  $(VENV)/bin/python -m pip --disable-pip-version-check install) --quiet
PYTEST = $(VENV)/bin/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
DEV = $(VENV)/.dev$(addprefix -,$(EXTRAS))
WORKERS ?= 2
# In brackets, as pip wants it; nothing if there is none.
EXTRA = $(addprefix [,$(addsuffix ],$(EXTRAS)))

.PHONY: demo test prove lint bench docs clean

demo: $(VENV)/.light
	$(VENV)/bin/affectflow demo --to affectflow-demo

test: $(DEV)
	$(PYTEST) $(PYTEST_ARGS)

prove: $(DEV)
	PROVE=1 $(PYTEST) -m "slow or proof or rotated" $(PYTEST_ARGS)

lint: $(DEV)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

# One cache of wheels for the environments of CI.
.cache/uv/bin/uv:
	$(PYTHON) -m venv .cache/uv
	.cache/uv/bin/python -m pip --disable-pip-version-check install --quiet uv

bench: $(DEV)
	$(VENV)/bin/python -m tests.bench

# The site, in build/site; its search needs a server: python -m http.server -d build/site
docs: $(DEV)
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --quiet --strict -f docs/mkdocs.yml

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.light: pyproject.toml | $(VENV)/bin/python
	$(INSTALL) .
	touch $@

# Some packages are wanted for a file that they carry, not for what they depend on.
$(DEV): pyproject.toml tests/nodeps.txt | $(VENV)/bin/python
	$(if $(UV),,$(INSTALL) --upgrade 'pip>=25.1')
	$(INSTALL) --editable '.$(EXTRA)' --group dev
	$(if $(findstring torch,$(EXTRAS)),$(INSTALL) --no-deps -r tests/nodeps.txt)
	touch $@

clean:
	rm -rf $(VENV) dist build affectflow-demo
