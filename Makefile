# Two commands matter: `make demo` and `make test`. Both set up all they need in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS ?= .venv-peers
# A program, and the package that has it where that has another name.
SYSTEM := redis-server nginx haproxy caddy apache2 curl chromium systemd-analyze:systemd \
  node:nodejs npm
NJS := /usr/lib/nginx/modules/ngx_http_js_module.so
# Folders with a package.json: what it names is installed below .venv/node, in one of the same name.
NODE := $(wildcard deploy/cloudflare/worker tests/javascript tests/support/gateway)
NODE_READY := $(patsubst %,$(VENV)/node/%/.ready,$(notdir $(NODE)))

.PHONY: demo test soak lint types docs bench bench-dialects bench-peers bench-cache format clean system

demo: $(VENV)/.demo-ready
	$(BIN)/streamward demo

test: $(READY) system $(NODE_READY)
	$(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

soak: $(READY) system
	PYTHONPATH=tests $(BIN)/python -m soak.cuts
	$(BIN)/pytest --hypothesis-profile=soak --timeout=3000 -o python_files='fuzz_*.py' tests/soak
	$(BIN)/pytest --hypothesis-profile=soak --timeout=3000 tests/promises tests/guardrails tests/wire tests/cache/test_cache_machine.py

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(READY)
	$(BIN)/mypy
	$(BIN)/pyright

docs: $(READY)
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

bench: $(READY)
	$(BIN)/python -m bench.overhead

# Beside parsing alone, and beside an earlier state of streamward: make bench-dialects BEFORE=path/src.
bench-dialects: $(READY)
	$(BIN)/python -m bench.dialects $(if $(BEFORE),--before $(BEFORE)) --json bench/results/dialects.json

# Beside other people's guards, which live in an environment of their own.
bench-peers: $(PEERS)/.ready
	PYTHONPATH=src $(PEERS)/bin/python -m bench.guard --json bench/results/guard.json
	PYTHONPATH=src $(PEERS)/bin/python -m bench.guard.plot

# Beside other stores of streams: Python and npm packages of that environment, nginx and Varnish.
bench-cache: SYSTEM += varnishd:varnish
bench-cache: system $(PEERS)/.ready
	PYTHONPATH=src $(PEERS)/bin/python -m bench.cache --json bench/results/cache.json

format: $(READY)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf $(VENV) .venv-peers .mypy_cache .ruff_cache .pytest_cache .hypothesis docs/_build dist

# The demo needs no test tools; the stamps are files so that a second call costs nothing.
$(VENV)/.demo-ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable '.[all]'
	touch $@

# A torch that is there already is left alone. A plain `torch` may bring gigabytes of CUDA: this is
# the release that the tests were made with, and pip is told to keep whatever stands.
$(READY): $(VENV)/.demo-ready
	$(BIN)/python -m pip install --quiet --group dev
	$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/python -m pip install --quiet 'torch==2.13.0'
	$(BIN)/python -m pip freeze | grep '^torch==' > $(VENV)/torch.txt
	$(BIN)/python -m pip install --quiet --editable '.[toxicity]' --constraint $(VENV)/torch.txt
	touch $@

$(PEERS)/.ready: bench/guard/peers.txt bench/cache/peers/peers.txt bench/cache/peers/package.json
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --editable '.[pii,redis]' \
	  --requirement bench/guard/peers.txt --requirement bench/cache/peers/peers.txt
	mkdir -p $(PEERS)/node
	cp bench/cache/peers/package.json $(PEERS)/node
	if command -v npm >/dev/null; then npm install --silent --prefix $(PEERS)/node; fi
	touch $@

# A lock file would name the registry that it was made with: package.json says exact releases.
vpath %/package.json $(sort $(dir $(NODE)))
$(VENV)/node/%/.ready: %/package.json | system
	mkdir -p $(@D)
	cp $< $(@D)
	if command -v npm >/dev/null; then \
	  npm install --silent --no-audit --no-fund --no-package-lock --prefix $(@D) && touch $@; fi

# Installed where missing and permitted; without permission the tests say what is missing.
system:
	@missing=; for program in $(SYSTEM); do \
	  PATH="$$PATH:/usr/sbin:/sbin" command -v $${program%:*} >/dev/null || \
	    missing="$$missing $${program#*:}"; \
	done; \
	[ -e $(NJS) ] || missing="$$missing libnginx-mod-http-js"; \
	if [ -n "$$missing" ] && command -v apt-get >/dev/null; then \
	  if [ "$$(id -u)" = 0 ]; then as=; elif sudo -n true 2>/dev/null; then as=sudo; else \
	    echo "not permitted to install:$$missing" >&2; exit 0; fi; \
	  echo "installing:$$missing"; \
	  $$as apt-get update -qq && \
	  $$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; \
	fi
