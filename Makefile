# Two commands do everything on a fresh machine: `make drill` and `make test`.

PYTHON ?= python3
VENV   ?= .venv

bin    := $(VENV)/bin
ready  := $(VENV)/.ready
tested := $(VENV)/.ready-for-tests

.PHONY: drill test lint containers bench clean
# One virtual environment, and measurements that want the machine for themselves.
.NOTPARALLEL:

drill: $(ready)
	$(bin)/gatedrill run --duration 10s

# A drill is many processes, and each would compile all sources anew where this is set.
unexport PYTHONDONTWRITEBYTECODE

# More at once than there are cores: most tests wait for processes. A file stays together, as its
# tests share what they start. Files go in their order: xdist would put those with few tests last,
# which are those that take longest.
WORKERS ?= 3

test: lint
	$(bin)/pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: $(tested)
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/lint-imports

# The venue of docker-compose.yml, for which a container engine must be there.
CONTAINER_TESTS ?= tests/containers

containers: $(tested)
	GATEDRILL_CONTAINERS=1 $(bin)/pytest $(CONTAINER_TESTS)

bench: $(ready)
	$(bin)/python benchmarks/drill.py
	$(bin)/python -m benchmarks.decoders
	$(bin)/python -m benchmarks.simultaneity.run
	$(bin)/python -m benchmarks.simultaneity.throughput
	$(bin)/python -m benchmarks.scale
	$(bin)/python -m benchmarks.broker_load
	$(bin)/python -m benchmarks.device_cache
	$(bin)/python -m benchmarks.registrar
	$(bin)/python -m benchmarks.uplink
	$(bin)/python -m benchmarks.serial_latency

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(ready): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	"gatedrill needs Python 3.11 or newer; name one: make PYTHON=python3.12")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make virtual \
	environments: install its venv package (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(bin)/pip install --quiet --upgrade 'pip>=25.1'
	$(bin)/pip install --quiet --editable '.[all]'
	@touch $@

$(tested): $(ready)
	$(bin)/pip install --quiet --group test --group browser
	@touch $@
