# The commands of this project; `make help` lists them. Needs python3 (3.11 or newer) and make.

STUDY ?= spanish_bank
PYTHONS ?= python3 python3.14 python3.13 python3.12 python3.11
# Desktops set LANGUAGE to things like "en_US:en": take it from there only where it names one of our languages.
language := $(if $(filter command,$(firstword $(origin LANGUAGE))),$(LANGUAGE),$(filter en zh,$(LANGUAGE)))

bin := .venv/bin
ready := .venv/.ready
pytest := $(bin)/python -m pytest

export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help report test lab lint typecheck unit notebooks refresh validate parity bench bench-batch lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

report: $(ready) ## run a study's notebooks and write reports/ (STUDY=spanish_bank LANGUAGE=en)
	@$(bin)/loyalty run $(STUDY) $(if $(language),-p language=$(language))

test: $(ready) ## everything that must pass: lint, types, layers, unit tests, notebooks
	@$(MAKE) --no-print-directory --keep-going -j2 lint typecheck unit notebooks

lab: $(ready) ## open JupyterLab on notebooks/
	@$(bin)/jupyter lab notebooks

lint: $(ready) ## ruff: rules and format
	@$(bin)/ruff check .
	@$(bin)/ruff format --check .

typecheck: $(ready) ## mypy --strict on src
	@$(bin)/mypy

unit: $(ready) ## unit tests
	@$(pytest) -q

notebooks: $(ready) ## notebooks against their stored outputs (nbval)
	@$(pytest) -q -o addopts= -W ignore --nbval notebooks --nbval-current-env --nbval-sanitize-with notebooks/nbval.cfg

refresh: $(ready) ## run the notebooks with their defaults and store the outputs (NOTEBOOK=20_structure for one)
	@$(bin)/python tools/refresh_notebooks.py $(NOTEBOOK)

validate: $(ready) ## Monte Carlo checks (minutes) and parity
	@$(bin)/python tools/parity.py
	@$(pytest) -q -m "slow or parity"

parity: $(ready) ## compare with lavaan where R has it
	@$(bin)/python tools/parity.py
	@$(pytest) -q -m parity tests/validate

bench: $(ready) ## timings of the hot paths
	@$(bin)/python -m benchmarks.run

bench-batch: $(ready) ## batches against plain papermill loops (minutes)
	@$(bin)/python -m benchmarks.batch

lock: ## renew requirements.lock and environment.yml from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra dev --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet -o requirements.lock
	python3 tools/environment.py

clean: ## remove the environment and caches; reports/ stays
	rm -rf .venv build src/*.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(ready): requirements.lock pyproject.toml tools/setup
	@tools/setup $(PYTHONS)
