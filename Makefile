# One Makefile; `make` alone prints help.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
NODE_STAMP := node_modules/.installed
# One worker a core. The workers have the cores: threads of linear algebra in each would get in
# their way. In tests/browser, two: each has a Jupyter server, a browser and a kernel of its own.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
PARALLEL := -n logical --maxprocesses 4
# Where this is set, every process compiles every module, and pytest rewrites every assertion, anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help lab app teacher test check lint lint-js types contracts unit slow notebooks browser wheel sample-data example-tables learning-tables lessons docs lite bench train pythons lock format clean

help:  ## Show this help
	@echo "vbqkit: opportunistic osteoporosis screening from lumbar MRI, for learning and questioning."
	@echo
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|' 2>/dev/null \
	  || grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST)

# Two locks: binder/requirements.txt holds what the lessons and the app need, requirements.lock what development needs too.
# Reinstalls only when a lock or the project file changed; counts the packages while it does.
LAB_STAMP := .venv/.lab-installed
define INSTALL
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "vbqkit needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Say which to use: make lab PYTHON=python3.12"; exit 1; }
@echo "Installing into .venv (first time only; $(2)) ..."
@test -x $(BIN)/python || $(PYTHON) -m venv .venv
@set -o pipefail; $(BIN)/python -u -m pip install --disable-pip-version-check --progress-bar off -r $(1) | $(BIN)/python etc/install_progress.py $(1)
@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
@touch $@
endef

$(STAMP): requirements.lock pyproject.toml
	$(call INSTALL,requirements.lock,some minutes; 2.0 GB of disk)

$(LAB_STAMP): binder/requirements.txt pyproject.toml
	$(call INSTALL,binder/requirements.txt,some minutes; 1.5 GB of disk)

# Biome and tsc check the browser's modules: for development only, pinned by package-lock.json.
$(NODE_STAMP): package-lock.json package.json
	@npm ci --silent --no-audit --no-fund
	@touch $@

FOR_LESSONS := $(if $(wildcard $(STAMP)),$(STAMP),$(LAB_STAMP))
lab: $(FOR_LESSONS)  ## Open JupyterLab on the first lesson
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) notebooks/00_start_here.ipynb  # root: in a container

teacher: $(FOR_LESSONS)  ## Open JupyterLab on the teacher's plan: class mode, solutions
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) teacher/plan.ipynb

app: $(FOR_LESSONS)  ## Open the guided page for your own case, kept in own_cases/ (the same as: vbqkit app)
	$(BIN)/vbqkit app

test: check slow notebooks browser wheel  ## Run everything: check, slow tests, notebooks, browser, wheel

check: lint types contracts unit  ## Lint, types, contracts and unit tests (under 3 minutes)

lint: $(STAMP) lint-js  ## Style of the code (ruff; biome and tsc for the browser's modules)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

lint-js: $(if $(shell command -v npm),$(NODE_STAMP))
	@if command -v npm >/dev/null; then npm run --silent lint; \
	elif [ -n "$$CI" ]; then echo "npm is not on PATH; the browser's modules cannot be checked. Install nodejs and npm."; exit 1; \
	else echo "npm is not on PATH: style and types of the browser's modules are left out. CI checks them."; fi

types: $(STAMP)  ## Types (mypy, strict)
	$(BIN)/mypy

contracts: $(STAMP)  ## Which module may import which (import-linter)
	$(BIN)/lint-imports

unit: $(STAMP)  ## Unit tests and the examples in the docstrings
	$(ONE_THREAD) $(BIN)/python -m pytest $(PARALLEL) --dist loadfile  # what a file sets up is set up once

slow: $(STAMP)  ## Tests too long for make check
	$(ONE_THREAD) $(BIN)/python -m pytest $(PARALLEL) --dist loadgroup -m slow  # what a group of tests shares is made once

notebooks: $(STAMP)  ## Execute every notebook, each lesson also under the limits of a browser
	$(ONE_THREAD) $(BIN)/python -m pytest $(PARALLEL) tests/test_notebooks.py tests/test_without_threads.py tests/language -m notebook

browser: $(STAMP)  ## Real mouse and keyboard in a real browser
	$(BIN)/python -m pytest tests/browser -m browser -n logical --maxprocesses 2 --dist worksteal

wheel: $(STAMP)  ## Build the wheel, install it elsewhere, import it without Jupyter
	$(BIN)/python -m pytest tests/test_wheel.py -m wheel

sample-data: $(STAMP)  ## Rebuild sample_data/ from its seeds
	$(BIN)/python -m vbqkit.sample_data sample_data

example-tables: $(STAMP)  ## Compute the tables of lessons 30, 70 and 95 again
	$(BIN)/python -m vbqkit.exercises.example_tables

lessons: $(STAMP)  ## List the lessons in README, glossary and plan, after one was added
	$(BIN)/python -m vbqkit.exercises.course .

docs: $(STAMP)  ## Build the documentation site into build/docs/html
	$(ONE_THREAD) $(BIN)/python -m docs

lite: $(STAMP)  ## Build the course for a browser, with nothing installed, into build/lite/site (PYODIDE=FOLDER: a Pyodide 0.27.7)
	$(BIN)/python -m lite --pyodide $(PYODIDE)

PYODIDE ?= build/pyodide
bench: $(STAMP)  ## Measure what the README says about speed
	$(BIN)/python -m benchmarks

TRAIN_STAMP := .venv/.train-installed
$(TRAIN_STAMP): $(STAMP)
	@echo "Installing torch for training (large) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "torch>=2.2"
	@touch $@

train: $(TRAIN_STAMP)  ## Train the network of vbqkit.propose on virtual patients (10 minutes of an idle core; goes on where it was stopped)
	$(ONE_THREAD) $(BIN)/python -m train

learning-tables: $(TRAIN_STAMP)  ## Draw, evaluate and train on the people of lesson 98 again (a quarter of an hour)
	rm -rf build/train/patches
	$(ONE_THREAD) $(BIN)/python -m vbqkit.machine_learning.study_table
	$(ONE_THREAD) $(BIN)/python -m vbqkit.machine_learning.study_evaluations
	$(ONE_THREAD) $(BIN)/python -m train.patches

format: $(STAMP)  ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	@if [ -x node_modules/.bin/biome ]; then npm run --silent format; fi

UV_COMPILE := uv pip compile --quiet --universal --python-version 3.11 --prerelease if-necessary-or-explicit \
	--no-header --no-emit-index-url --no-annotate pyproject.toml
LOCKED := for every platform, without index addresses.\n\# Made by \`make lock\` (uv pip compile --universal); change pyproject.toml instead.
lock:  ## Pin the newest versions into requirements.lock and binder/requirements.txt (needs uv)
	@{ printf "# Exact versions of everything \`make test\` installs, $(LOCKED)\n"; $(UV_COMPILE) --extra dev; } > requirements.lock.new
	@mv requirements.lock.new requirements.lock
	@{ printf "# Exact versions of everything \`make lab\` and Binder install, $(LOCKED)\n"; \
	   $(UV_COMPILE) --extra lab --extra itk --extra app --extra datasets --extra simpleitk --extra build --constraint requirements.lock; } > binder/requirements.txt.new
	@mv binder/requirements.txt.new binder/requirements.txt

pythons:  ## Wheel, course, lesson 00 and unit tests on each Python that is here, with the oldest and the newest dependencies (needs uv; hours)
	$(PYTHON) etc/python_rows.py

clean:  ## Remove .venv and caches
	rm -rf .venv node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis dist
