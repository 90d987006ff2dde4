# Commands of Handrail. They need git, make and Python 3.11 or newer; ARGS="..." is passed on.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PYTHONS := python3 python3.13 python3.12 python3.11
BENCHMARKS := turn
PARALLEL := -n auto --maxprocesses 4 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help setup up test check format bench migration clean

help: ## Print the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## Make .venv and install Handrail with all it needs

up: setup ## Start desk, chat, worker and demo shop; prints the address
	@$(BIN)/handrail up $(ARGS)

test: setup ## Run all tests; those that need PostgreSQL or Chromium say so and are skipped without
	@$(BIN)/pytest $(PARALLEL) $(ARGS)

check: setup ## Check format, lint, types, layers and sizes
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/pytest -rP tests/unit/test_sizes.py

format: setup ## Format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup ## Run the benchmarks; BENCHMARKS="turn" names some of them
	@for name in $(BENCHMARKS); do $(BIN)/python -m benchmarks.$$name $(ARGS) || exit $$?; done

migration: setup ## Write the migration from the newest one to the tables: NAME="what changes"
	@$(BIN)/python -m handrail.store.migrations "$(NAME)"

clean: ## Remove everything that was made, the environment too; .handrail/ with its data stays
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A name on the path is not yet a Python that runs, so each is asked. Debian keeps ensurepip apart.
$(INSTALLED): pyproject.toml constraints.txt
	@for name in $(PYTHONS); do \
		if $$name -c 'import sys, sqlite3, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
			2>/dev/null; then found=$$name; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Handrail needs Python 3.11 or newer with venv and sqlite3, and none of" \
			"$(PYTHONS) is one; install it (on Debian: apt-get install python3 python3-venv)" \
			"or name one: make setup PYTHONS=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	echo "Installing into $(VENV) with $$($$found --version); the first time takes a minute or two"; \
	$$found -m venv $(VENV) && \
	$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
