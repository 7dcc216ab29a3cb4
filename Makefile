# Both commands do all of their own set-up; neither needs the other to have run.
.PHONY: report test check lint fast calibration golden spark docs messages lock clean chromium postgres pictures

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORE := $(VENV)/.core
TEST := $(VENV)/.test
export PIP_DISABLE_PIP_VERSION_CHECK := 1

report: $(CORE)
	$(BIN)/salesops run reports.yml --force

test: $(TEST) chromium postgres lint
	$(BIN)/python -m pytest -n 2 --dist loadfile
	$(BIN)/python -m pytest --nbval-lax --nbval-current-env notebooks -p no:xdist -p no:cacheprovider

# For every day: lint, types, rooms and the fast tests.
check: lint fast

lint: $(TEST)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# Everything that is made and printed, at a base commit and at the work tree, compared: docs/golden.md.
# make golden BASE=<commit> ARGS="--words --only check"
golden: $(TEST)
	PYTHONPATH=tests $(BIN)/python -P -m golden --base "$(BASE)" $(ARGS)

# The tests that need no browser, no server and no more than a few seconds; on another Python with VENV and PYTHON,
# there of each file every fourth: make fast VENV=.venv-3.13 PYTHON=python3.13 ARGS="--every 4"
fast: $(TEST)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not browser and not postgres and not spark and not slow" $(ARGS)

# How often what the review says of people and months is true, on data of known truth: docs/calibration.md.
calibration: $(TEST)
	$(BIN)/python bench/calibration.py
	$(BIN)/python bench/in_progress.py

# The commission engine on Spark against DuckDB; needs Java 17.
spark: $(TEST)
	$(BIN)/python -m pip install -q -c requirements.lock -e ".[test,spark]"
	$(BIN)/python -m pytest -m spark tests/commission/test_spark.py

# Pictures of every notebook and report for the docs, by the tests that look at them.
pictures: $(TEST) chromium
	SALESOPS_PICTURES=docs/pictures $(BIN)/python -m pytest tests/browser -k says_what_the_package
	SALESOPS_PICTURES=docs/pictures $(BIN)/python -m pytest tests/browser/test_report_pictures.py

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(CORE): $(VENV)/bin/python requirements.lock pyproject.toml
	$(BIN)/python -m pip install -q -c requirements.lock -e .
	@touch $@

$(TEST): $(VENV)/bin/python requirements.lock pyproject.toml
	$(BIN)/python -m pip install -q -c requirements.lock -e ".[test,browser]"
	@touch $@ $(CORE)

# The system's Chromium, for the browser tests and for PDF; by apt where that is allowed.
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
			&& apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } \
		|| { echo "Chromium is needed for the browser tests. Type: sudo apt-get install chromium"; exit 1; }

# A PostgreSQL server, for the store's tests; they start one of their own and stop it.
postgres:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
			&& apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql; } \
		|| { echo "PostgreSQL is needed for the store's tests. Type: sudo apt-get install postgresql"; exit 1; }

# The documentation as a site, in site/: every link leads somewhere, the reference is made from the code.
docs: $(TEST)
	$(BIN)/mkdocs build

# The catalogues of translations, by the texts as they are now; prints what is left to translate.
messages: $(TEST)
	$(BIN)/python tests/messages.py

lock: $(VENV)/bin/python
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-header pyproject.toml -o requirements.lock

clean:
	rm -rf reports .cache store.sqlite*
