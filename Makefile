# Everything runs in .venv, which the first target makes. Needs python3 (3.11 to 3.13), its pip and venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# With an NVIDIA driver the CuPy extra comes along.
GPU := $(if $(wildcard /proc/driver/nvidia/version),gpu)
comma := ,

.PHONY: demo test gpu bench clean

demo: $(VENV)/.installed
	$(BIN)/lumaloom demo

test: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n auto --dist loadscope -m "not slow" $(PYTEST_FLAGS)

# Every GPU test and benchmark; without a GPU it says so and why.
gpu: $(VENV)/.installed-test
	$(BIN)/python -m benchmarks.gpu --check $(if $(GPU_JSON),--json $(GPU_JSON))
	$(BIN)/pytest -m gpu -rs tests

# A quarter of an hour; BENCH_FLAGS="--only box_blur" is shorter. The figures and their chart land in benchmarks/results.
bench: $(VENV)/.installed-test
	$(BIN)/python -m benchmarks kernels $(if $(BENCH_FLAGS),$(BENCH_FLAGS),--json benchmarks/results/kernels.json)
	$(if $(BENCH_FLAGS),,$(BIN)/python -m benchmarks chart benchmarks/results/kernels.json benchmarks/results/kernels.svg)

$(VENV)/.installed: pyproject.toml | $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".$(if $(GPU),[$(GPU)])"
	touch $@

$(VENV)/.installed-test: pyproject.toml | $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[test$(if $(GPU),$(comma)$(GPU))]"
	touch $@ $(VENV)/.installed

$(VENV):
	$(PYTHON) -m venv $@

clean:
	rm -rf $(VENV) dist build lumaloom-demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
