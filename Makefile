# Everything a person types here. `make` alone says what there is.
#
#   make run  PORT=9000          another port
#   make test T=tests/stays      a part of the tests
#   make bench SCALE=city        the full sizes

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV   ?= .venv
PYTHON ?= python3
SCALE  ?= small
T      ?=
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes

# A catalogue's head without dates and names, so that it changes only with the words.
PO_EN   := rental_mgmt/locale/en/LC_MESSAGES/messages.po
PO_HEAD := 'msgid ""' 'msgstr ""' '"Language: en\n"' '"MIME-Version: 1.0\n"' \
           '"Content-Type: text/plain; charset=utf-8\n"' '"Content-Transfer-Encoding: 8bit\n"' \
           '"Plural-Forms: nplurals=2; plural=(n != 1);\n"'

# A stamp is newer than the list it was installed from, so packages are installed once.
RUNTIME := $(VENV)/.installed-runtime
DEV     := $(VENV)/.installed-dev

.PHONY: help run test lint format bench soak words clean

help: ## Say what there is to do
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

run: $(RUNTIME) ## From nothing to a running demo compound on http://127.0.0.1:$PORT (8000)
	@exec $(BIN)/flask --app wsgi demo start

test: $(DEV) ## All tests, on SQLite and on a PostgreSQL started by the tests (T=path for a part)
	@exec $(BIN)/python -m pytest -n logical --maxprocesses 8 --durations 10 --durations-min 2 $(T)

lint: $(DEV) ## Check style and form; nothing is changed
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(DEV) ## Put the files into form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(DEV) ## Measure against the bare floors, write bench.json (SCALE=small|default|city)
	@exec env SCALE=$(SCALE) $(BIN)/python -m tests.bench $(T)

soak: $(DEV) ## The long promises: kill -9, tampering, two schedulers, fuzzing (about an hour)
	@exec $(BIN)/python -m pytest tests/soak $(T)

words: $(DEV) ## Bring the English catalogue in line with the words in the code
	@$(BIN)/pybabel -q extract -F babel.cfg -k lazy --no-location --omit-header --no-wrap -o messages.pot .
	@$(BIN)/pybabel -q update -i messages.pot -d rental_mgmt/locale -l en --no-wrap --no-fuzzy-matching --ignore-obsolete --omit-header
	@printf '%s\n' $(PO_HEAD) '' | cat - $(PO_EN) > messages.pot && mv messages.pot $(PO_EN)

clean: ## Remove the packages, caches and bench results; the data folder stays
	@rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis bench.json bench.svg
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed: make PYTHON=/path/to/python3")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo 'Python cannot make a virtual environment; on Debian: apt install python3-venv' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.txt | $(BIN)/python
	@echo 'Installing packages into $(VENV) …'
	@$(PIP) -r requirements.txt
	@touch $@

$(DEV): requirements-dev.txt $(RUNTIME)
	@echo 'Installing the tools of developers into $(VENV) …'
	@$(PIP) -r requirements-dev.txt
	@touch $@
