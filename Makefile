# make demo — a whole canteen lunch on your machine; make test — the proof that it is right.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN = $(VENV)/bin
JOBS ?= 2
# what the console's files are built from
WEB = $(shell find src/onecard/web \( -name '*.py' -o -name '*.html' -o -path '*/assets/*' \) -type f)
STATIC = src/onecard/web/static/manifest.json

.PHONY: help setup demo test lint chaos bench texts reference lock system-deps clean
.DEFAULT_GOAL := help
# modules are compiled once, not in each of the many processes, even where containers say otherwise
unexport PYTHONDONTWRITEBYTECODE

help: ## list what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.ready $(STATIC) ## make the virtual environment and the console's files (done by the others when needed)

$(VENV)/.ready: requirements.lock pyproject.toml tools/setup.sh
	@tools/setup.sh "$(PYTHON)" "$(VENV)"

$(STATIC): tools/assets.py $(WEB) | $(VENV)/.ready
	@$(BIN)/python tools/assets.py

demo: setup ## a tenant, 500 people, twenty terminals, a lunch, the proofs; then look around until Ctrl-C
	@$(BIN)/onecard demo

test: setup ## every test, on real PostgreSQL and a real bus
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

lint: setup ## ruff, mypy, import directions
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

chaos: setup ## the long random runs: kill -9, power cut, bad networks
	@$(BIN)/python -m pytest tests/chaos tests/ledger/test_bookkeeper.py tests/desk/test_exhaustion.py --chaos-rounds 20

bench: setup ## ratios against named peers, measured in one run
	@$(BIN)/onecard bench ledger
	@$(BIN)/onecard bench tap
	@$(BIN)/onecard bench desk
	@$(BIN)/onecard bench web

texts: setup ## print what has no Chinese yet, ready to be put into a catalogue
	@PYTHONPATH=tests/repo $(BIN)/python -m house.texts

reference: setup ## write docs/reference from the code
	@$(BIN)/python -m onecard.cli.reference

lock: setup ## renew requirements.lock from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra server --extra agent --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-header --quiet --output-file requirements.lock

system-deps: ## what only the system can give, for tests: SoftHSM, a virtual PC/SC reader, Chromium (Debian, needs root)
	@tools/system-deps.sh softhsm2:/usr/bin/softhsm2-util pcscd:/usr/sbin/pcscd \
	  vsmartcard-vpcd:/usr/lib/pcsc/drivers/serial/libifdvpcd.so \
	  chromium:/usr/bin/chromium fonts-noto-cjk:/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc

clean: ## remove the virtual environment and caches, keep data
	rm -rf .venv .cache .hypothesis
