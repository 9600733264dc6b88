# Everything a contributor runs. Needs make, a POSIX shell and Python 3.11 or newer.
# Another Python: make test PYTHON=/path/to/python (when there is no .venv yet).

BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check
PYTHONS := $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11

# What is installed in .venv; out of date when pyproject.toml is newer.
RUNTIME := .venv/.installed-runtime
DEV := .venv/.installed-dev
DIST := .venv/.installed-build

# The tools for the page's modules; without Node.js nothing is checked there.
NPM := $(shell command -v npm)
PAGE := $(if $(NPM),node_modules/.package-lock.json)

# The oldest libraries, on the Python that has all of them: another one by PYTHON_LOWEST=...
LOWEST := .venv-lowest
PYTHON_LOWEST := python3.11

.PHONY: help demo test lowest slow model web web-demo dist-check docs pictures lint lint-page format clean
.NOTPARALLEL:

# Without compiled files, each process of the tests compiles all tests anew, and each command its modules.
unexport PYTHONDONTWRITEBYTECODE

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

demo: $(RUNTIME) ## color the sample photographs, into demo/
	$(BIN)/photochrom colorize src/photochrom/samples/*.jpg -o demo --force

# One process more than CI has cores: tests also wait, for browsers, servers, disks and signals. In the
# order of their names, as files of few tests, which would come last, are among the longest.
test: lint ## all that must hold: lint, tests, coverage
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not slow" --cov=photochrom --cov-report=term --cov-fail-under=90

# Left out below: tests that none of these libraries has a part in. The page and its modules run in a
# browser or Node.js; the others are of the docs, of a release, and of how the source is laid out.
NOT_LOWEST := tests/studio/test_web_engine.py tests/studio/test_web_files.py \
	tests/studio/test_web_site.py \
	tests/test_architecture.py tests/test_docs.py tests/test_licenses.py tests/test_release.py \
	tests/test_site.py

# Libraries of then warn of what libraries of now will drop, and leave streams open (Starlette's test
# client): that is not ours to mend.
lowest: $(LOWEST)/.installed ## test coloring with the oldest libraries that pyproject.toml allows
	$(LOWEST)/bin/pytest -m "not slow and not train" --ignore-glob 'tests/studio/test_page*' \
		$(addprefix --ignore ,$(NOT_LOWEST)) \
		-W ignore::DeprecationWarning -W ignore::PendingDeprecationWarning \
		-W ignore::pytest.PytestUnraisableExceptionWarning

slow: $(DEV) ## the tests that take minutes: thousands of broken files, thousands of requests
	$(BIN)/pytest -m slow

model: $(DEV) ## train the shipped model's network from the photographs at data/, and export it: hours
	$(BIN)/photochrom train recipes/photochrom.toml
	$(BIN)/photochrom export runs/photochrom/best.ckpt -o photochrom.onnx

web: $(RUNTIME) ## build the Studio that needs no server, into build/web (needs npm)
	$(BIN)/python scripts/browser_runtime.py
	$(BIN)/photochrom export --web build/web --force

dist-check: $(RUNTIME) $(DIST) ## build sdist and wheel, look into them, install and try them: all of a release but publishing (needs npm)
	$(BIN)/python scripts/browser_runtime.py
	$(BIN)/python scripts/dist_check.py

web-demo: web ## serve it on this machine
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory build/web 8000

docs: $(DEV) ## build the docs site into build/site; a broken link fails
	$(BIN)/python scripts/reference.py --check
	$(BIN)/python -m zensical build --strict --clean

pictures: $(DEV) ## take the docs' pictures of the Studio and the terminal anew (needs Chromium)
	$(BIN)/python scripts/pictures.py

lint: $(DEV) lint-page ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lint-page: $(PAGE) # the page's modules and the workflows, where Node.js is installed
	$(if $(NPM),node_modules/.bin/biome ci --log-level=warn)
	$(if $(NPM),node_modules/.bin/tsc)
	$(if $(NPM),node .ci/workflows.mjs)

format: $(DEV) $(PAGE) ## bring the code into its style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(if $(NPM),node_modules/.bin/biome check --write)

clean: ## remove what was made here, except .venv, data and runs
	rm -rf build dist demo htmlcov .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name .venv -prune -o -name __pycache__ -prune -exec rm -rf {} +

$(RUNTIME): pyproject.toml
	@$(make_venv)
	@echo "Installing Photochrom into .venv: a minute or two, the first time"
	@$(PIP_INSTALL) -e .
	@touch $@

$(DEV): pyproject.toml
	@$(make_venv)
	@echo "Installing Photochrom, PyTorch and the tools into .venv: some GB, the first time"
	@$(PIP_INSTALL) -e '.[dev]'
	@touch $(RUNTIME) $@

$(DIST): pyproject.toml
	@$(make_venv)
	@$(PIP_INSTALL) build
	@touch $@

node_modules/.package-lock.json: package.json package-lock.json
	@echo "Installing the tools for the page's modules into node_modules"
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(LOWEST)/.installed: pyproject.toml .ci/lowest.py
	$(PYTHON_LOWEST) -m venv --clear $(LOWEST)
	$(PYTHON_LOWEST) .ci/lowest.py serve test > $(LOWEST)/constraints.txt
	$(LOWEST)/bin/python -m pip install -qq --disable-pip-version-check \
		-c $(LOWEST)/constraints.txt -e '.[serve,test]'
	@touch $@

# Keep a .venv that works; else make one with the first Python that fits. Each one is run,
# because version managers leave commands that exist and fail.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
define make_venv
if $(BIN)/python -c 'import pip; $(NEW_ENOUGH)' 2>/dev/null; then exit 0; fi; \
incomplete=; \
for python in $(PYTHONS); do \
	"$$python" -c '$(NEW_ENOUGH)' >/dev/null 2>&1 || continue; \
	if "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "Making .venv with $$python ($$("$$python" --version))"; \
		exec "$$python" -m venv --clear .venv; \
	fi; \
	incomplete=$$python; \
done; \
if [ "$$incomplete" ]; then \
	echo "$$incomplete has no venv module, which makes .venv. Install it (Debian, Ubuntu:"; \
	echo "sudo apt install python3-venv) and run make again."; \
else \
	echo "No Python 3.11 or newer runs here. Install one (https://www.python.org/downloads),"; \
	echo "or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python"; \
fi >&2; \
exit 1
endef
