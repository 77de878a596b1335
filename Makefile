# Everything a person or CI does with a checkout. `make` alone lists it.
# Needs make and Python 3.11 or newer; everything else comes into .venv/ by name and hash.

PYTHON ?= python3
VENV := .venv
BUILD := .build/env
OUT ?= out
FUZZ_SECONDS ?= 60
PYTEST ?= -n 2
BENCH ?=

# Package and program, where these differ.
ORACLES := tshark tcpdump nftables/nft iptables conntrack iproute2/ip qemu-user-static/qemu-arm-static \
	squashfs-tools/unsquashfs e2fsprogs/debugfs mtd-utils/mkfs.jffs2 genromfs chromium \
	dnsmasq-base/dnsmasq nfs-ganesha/ganesha.nfsd nfs-ganesha-mem/ganesha.nfsd rpcbind

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
STAMPS := $(VENV)/.stamps
SOURCES := $(shell find src hatch_build.py pyproject.toml README.md LICENSE NOTICE -type f \
	-not -name '*.pyc' -not -name '*.so' -not -name '*.dylib' 2>/dev/null)
KERNEL := $(shell find src -type f \( -name '*.c' -o -name '*.h' \) 2>/dev/null)

# An editable install follows the sources by itself, so `make install` leaves it in place.
INSTALLED := $(if $(wildcard $(STAMPS)/editable),$(STAMPS)/editable,$(STAMPS)/wheel)

.PHONY: help install demo dev test test-long bench firmware requirements clean oracles
.DELETE_ON_ERROR:

help:
	@echo 'make install    wardwatch into .venv/; then run .venv/bin/wardwatch'
	@echo 'make demo       a ward is made and examined, then a real capture, then firmware and its patches'
	@echo 'make test       what CI runs: format, lint, types, import contracts, tests'
	@echo 'make test-long  the long tests, and every fuzz harness for $(FUZZ_SECONDS) s'
	@echo 'make bench      speed beside other tools, as a table (BENCH=--quick for a short one)'
	@echo "make firmware   the twin's firmware images anew, byte for byte the bundled ones"
	@echo 'make dev        what developers need, with wardwatch editable'
	@echo 'make clean      removes what the targets above made'

install: $(INSTALLED)

# Status 1 says that something was found, as it should be in the ward and in both older firmwares; 3 that something could
# not be seen; 0 that all of it is gone.
demo: install
	@mkdir -p $(OUT)
	@echo 'a ward of 8 monitors that are not there: $(OUT)/ward.pcap, and what they really sent: $(OUT)/ward.truth.jsonl'
	@$(BIN)/wardwatch twin capture $(OUT)/ward.pcap --monitors 8 --central documented --update 1 --truth $(OUT)/ward.truth.jsonl --quiet
	@$(BIN)/wardwatch scan $(OUT)/ward.pcap --json $(OUT)/ward.json --html $(OUT)/ward.html || [ $$? -eq 1 ]
	@echo
	@echo 'a real capture of others: examples/nfs-inside.pcap'
	@$(BIN)/wardwatch scan examples/nfs-inside.pcap --json $(OUT)/real.json --html $(OUT)/real.html || [ $$? -eq 3 ]
	@for version in 2.0.6 2.0.8 2025-07; do $(BIN)/wardwatch twin firmware $$version --to $(OUT)/twin-$$version.cramfs; done
	@echo
	@echo "firmware 2.0.6, as the twin rebuilt it: $(OUT)/twin-2.0.6.cramfs"
	@$(BIN)/wardwatch scan $(OUT)/twin-2.0.6.cramfs --json $(OUT)/firmware.json --html $(OUT)/firmware.html || [ $$? -eq 1 ]
	@echo
	@echo 'is 2.0.8 a repair of it?'
	@$(BIN)/wardwatch firmware compare $(OUT)/twin-2.0.6.cramfs $(OUT)/twin-2.0.8.cramfs --html $(OUT)/compare-2.0.8.html || [ $$? -eq 1 ]
	@echo
	@echo 'is 2025-07, which takes networking away?'
	@$(BIN)/wardwatch firmware compare $(OUT)/twin-2.0.6.cramfs $(OUT)/twin-2025-07.cramfs --html $(OUT)/compare-2025-07.html
	@echo
	@echo 'does the display follow from the waves? examples/bed-that-lies.cms'
	@$(BIN)/wardwatch vitals check examples/bed-that-lies.cms --html $(OUT)/bed.html || [ $$? -eq 1 ]
	@echo
	@echo 'a central station with eight living beds, one display of which lies: $(BIN)/wardwatch station demo'
	@echo
	@echo 'the reports: $(OUT)/bed.html, $(OUT)/ward.html, $(OUT)/real.html, $(OUT)/firmware.html, $(OUT)/compare-2.0.8.html and $(OUT)/compare-2025-07.html'

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
		echo "make: '$(PYTHON)' is not there. Install Python 3.11 or newer, or say make PYTHON=/path/to/python3."; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "make: wardwatch needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) -V 2>&1). Say make PYTHON=python3.11."; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "make: '$(PYTHON)' cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv."; exit 2; }
	@echo 'making $(VENV)/'
	@$(PYTHON) -m venv $(VENV)

$(STAMPS)/runtime: requirements/runtime.txt | $(BIN)/python
	@echo 'installing the libraries wardwatch uses'
	@$(PIP) install --require-hashes -r $<
	@mkdir -p $(STAMPS) && touch $@

# The compiler (ziglang, 411 MB unpacked) lives only as long as it is needed.
$(STAMPS)/wheel: $(STAMPS)/runtime requirements/build.txt $(SOURCES)
	@echo 'building and installing wardwatch'
	@rm -rf $(BUILD) && trap 'rm -rf $(BUILD)' EXIT && set -e && \
		$(BIN)/python -m venv $(BUILD) && \
		$(BUILD)/bin/python -m pip --disable-pip-version-check -qq install --require-hashes -r requirements/build.txt && \
		$(BUILD)/bin/python -m pip --disable-pip-version-check -qq wheel --no-deps --no-build-isolation -w $(BUILD)/dist . && \
		$(PIP) install --no-deps --force-reinstall $(BUILD)/dist/*.whl
	@touch $@

$(STAMPS)/dev: requirements/dev.txt | $(BIN)/python
	@echo 'installing what developers need'
	@$(PIP) install --require-hashes -r $<
	@mkdir -p $(STAMPS) && touch $@ $(STAMPS)/runtime

$(STAMPS)/editable: $(STAMPS)/dev pyproject.toml $(wildcard hatch_build.py) $(KERNEL)
	@echo 'building wardwatch, editable'
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@rm -f $(STAMPS)/wheel && touch $@

dev: $(STAMPS)/editable

# The independent oracles of the tests, and the lab's real servers, none of which is started outside a lab. Without them those
# tests are skipped, or stand-ins serve in the lab, and the run says so.
oracles:
	@missing=$$(for tool in $(ORACLES); do command -v $${tool#*/} >/dev/null 2>&1 || printf ' %s' $${tool%/*}; done); \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "installing$$missing"; \
		{ apt-get update -qq && SYSTEMD_OFFLINE=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing; } >/dev/null 2>&1 || true; \
	fi; \
	for tool in $(ORACLES); do command -v $${tool#*/} >/dev/null 2>&1 || \
		echo "$${tool%/*} is not here: tests that need it will be skipped, or use a stand-in"; done

test: dev oracles
	@$(BIN)/ruff format --check --quiet . || { echo 'make: run $(BIN)/ruff format .'; exit 1; }
	@$(BIN)/ruff check --quiet --output-format concise .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m pytest $(PYTEST) -m 'not long'

$(STAMPS)/long: requirements/long.txt $(STAMPS)/dev
	@echo 'installing the fuzzing engine'
	@$(PIP) install --require-hashes -r $<
	@touch $@

test-long: dev oracles $(STAMPS)/long
	@$(BIN)/python -m pytest $(PYTEST) -m long
	@mkdir -p fuzz/findings
	@for harness in fuzz/*_fuzz.py; do \
		echo "$$harness: $(FUZZ_SECONDS) s"; \
		$(BIN)/python $$harness -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=fuzz/findings/ -verbosity=0 -print_final_stats=1 \
			>fuzz/findings/log 2>&1 || { tail -n 40 fuzz/findings/log; echo "make: $$harness found something, kept in fuzz/findings/"; exit 1; }; \
		grep -E 'number_of_executed_units|peak_rss_mb' fuzz/findings/log || true; \
	done

bench: dev
	@$(BIN)/python benchmarks/run.py $(BENCH)
	@$(BIN)/python benchmarks/firmware.py $(filter --quick,$(BENCH))
	@$(BIN)/python benchmarks/vitals_check.py
	@$(BIN)/python benchmarks/vitals_beats.py
	@$(BIN)/python benchmarks/vitals_breaths.py
	@$(BIN)/python benchmarks/station.py --monitors 256 --checks
	@$(BIN)/python benchmarks/station.py --monitors 1000
	@$(BIN)/python benchmarks/station_page.py

firmware: dev
	@$(BIN)/python -m wardwatch.twin.firmware.recipe

# Names and hashes from the public index only: this machine's own package settings stay out of the files.
requirements: | $(BIN)/python
	@rm -rf $(BUILD) && trap 'rm -rf $(BUILD)' EXIT && set -e && \
		$(BIN)/python -m venv $(BUILD) && $(BUILD)/bin/python -m pip -qq install pip-tools && cd requirements && \
		for name in runtime build dev long; do \
			env -u PIP_FIND_LINKS -u PIP_INDEX_URL -u PIP_EXTRA_INDEX_URL PIP_CONFIG_FILE=/dev/null \
				CUSTOM_COMPILE_COMMAND='make requirements' ../$(BUILD)/bin/pip-compile --quiet --generate-hashes --allow-unsafe \
				--strip-extras --no-emit-options --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-annotate \
				--output-file $$name.txt $$name.in; \
		done

clean:
	@rm -rf $(VENV) .build $(OUT) dist build benchmarks/data fuzz/findings \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@find src -type f \( -name '*.so' -o -name '*.dylib' \) -delete
