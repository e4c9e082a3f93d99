# make run    the chat page, from a fresh clone
# make test   everything that must hold: the checks, then all tests, a real browser included
# make check  format, lint, types, import contracts
# make bench  the benchmarks; figures go to bench/results/, their table to bench/README.md
# make nano   the bundled model from nothing; goes on where it was interrupted
# make compile  one chat quicker on this CPU: its decode step as a library (needs a C++ compiler)
# make clients  clients that others wrote, against the service (needs a network, npm for Node's)
# make clean  removes what the commands above made
#
# Options of the page: make run ARGS="--lang zh", or AUTOGLM_PORT=8000 make run.
# A part of the benchmarks: make bench ARGS="decode". All parts: make bench ARGS=--help.
# Another Python: make run PYTHON=python3.12

.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: run test test-engine test-ui check bench nano compile clients constraints clean help

VENV := .venv
VENV_UI := .venv-ui
# The rooms that must work where torch is not installed.
TESTS_UI := tests/ui tests/media

export PYTHON

run: $(VENV)/run.stamp
	@scripts/system-packages run
	$(VENV)/bin/python app.py $(ARGS)

test: check test-engine test-ui

# Each test once: what needs the engine here, the page and the media where torch is not installed.
test-engine: $(VENV)/dev.stamp
	@scripts/system-packages test
	$(VENV)/bin/python -m pytest $(TESTS_UI:%=--ignore=%) $(ARGS)
	$(VENV)/bin/python -m pytest $(TESTS_UI) -m engine $(ARGS)

test-ui: $(VENV_UI)/dev.stamp
	@scripts/system-packages test
	@! $(VENV_UI)/bin/python -c 'import torch' 2>/dev/null || { echo '$(VENV_UI) has torch: make clean' >&2; exit 1; }
	$(VENV_UI)/bin/python -m pytest $(TESTS_UI) -m 'not engine' $(ARGS)

check: $(VENV)/dev.stamp
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/ruff check
	$(VENV)/bin/pyright
	$(VENV)/bin/lint-imports

bench: $(VENV)/bench.stamp
	$(VENV)/bin/python -m bench $(ARGS)

# Everything is kept in runs/nano. ARGS="--scale 0.001 --runs runs/trial --out runs/trial/out" tries all of it
# in minutes, with models too small to learn anything.
nano: $(VENV)/dev.stamp
	$(VENV)/bin/python -m engine.train.nano --out assets/nano $(ARGS)

# Another model: ARGS="--model …". What it makes is in this user's cache folder.
compile: $(VENV)/run.stamp
	$(VENV)/bin/python -m engine.compile $(ARGS)

# Clients, their test suites and OpenAI's specification, in environments of their own.
clients: $(VENV)/run.stamp
	scripts/clients $(VENV)/bin/python

# The environments. A stamp is written when an install has ended well, so that the next command starts at once.
$(VENV)/run.stamp: pyproject.toml constraints.txt
	@scripts/system-packages run
	@scripts/make-venv $(VENV) engine
	@touch $@

$(VENV)/dev.stamp: pyproject.toml constraints.txt
	@scripts/system-packages test
	@scripts/make-venv $(VENV) engine,train,dev
	@touch $(VENV)/run.stamp $@

$(VENV)/bench.stamp: $(VENV)/dev.stamp
	@scripts/make-venv $(VENV) engine,train,dev,bench
	@touch $@

$(VENV_UI)/dev.stamp: pyproject.toml constraints.txt
	@scripts/system-packages test
	@scripts/make-venv $(VENV_UI) dev
	@touch $@

clean:
	rm -rf $(VENV) $(VENV_UI) .venv-clients .venv-openai clients/node_modules build dist test-results .pytest_cache .ruff_cache .import_linter_cache

# Writes the exact versions of everything that the extras bring, keeping those that still fit.
constraints: $(VENV)/dev.stamp
	$(VENV)/bin/python -m pip install --quiet uv
	$(VENV)/bin/python -m uv pip compile --quiet --universal --python-version 3.11 --all-extras \
		--no-header --no-annotate pyproject.toml --output-file constraints.txt
