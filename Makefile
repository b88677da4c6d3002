# What a user needs: make demo, make test. What a developer needs: make help.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

# A runsc to adopt; without one it is built from the gVisor module that runsc/go.mod pins.
RUNSC ?=
# The libseccomp that the gofer carries along; without one it is that of the distribution.
LIBSECCOMP ?=
# Set to 1 to run the demo as an unprivileged user would.
ROOTLESS ?=
# More arguments for scripts/demo.ts.
DEMO_ARGS ?=
# How long make soak takes.
SOAK_MINUTES ?= 60
# How many gofers make stress starts.
STRESS_STARTS ?= 1000
# Parts of the benchmarks to run; see bench/run.ts.
BENCH_ARGS ?=
# Arguments for scripts/mutate.ts.
MUTATE_ARGS ?=

BUN := ./node_modules/.bin/bun
STEP := scripts/step.sh
# Runs a script of package.json with Bun in place of whatever Node is installed.
TOOL := $(BUN) --bun run --silent

VERSION := $(shell sed -n 's/^  "version": "\(.*\)",$$/\1/p' package.json)
COMMIT := $(shell git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null || echo unknown)
MACHINE := $(shell uname -m)
BUN_TARGET := bun-linux-$(if $(filter aarch64 arm64,$(MACHINE)),arm64,x64)
SOURCES := $(shell find src ffi -type f 2>/dev/null)

NODE_MODULES := node_modules/.lock-sha256
SECCOMP_LIBRARY := .cache/libseccomp.so.2
BUILD_ID := .cache/build-id
RUNSC_ORIGIN := .cache/runsc-origin

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20
	@echo
	@echo 'Variables: RUNSC=/path/to/runsc (default: built from source)  LIBSECCOMP=/path/to/libseccomp.so.2'
	@echo '           ROOTLESS=1  DEMO_ARGS=...'

.PHONY: demo
demo: build ## Run a sandbox on bun-gofer and show what it did
	@$(BUN) scripts/demo.ts $(if $(filter 1,$(ROOTLESS)),--rootless) $(DEMO_ARGS)

.PHONY: test
test: packages engine-programs check build ## Check, build and run every test
	@$(BUN) scripts/test.ts

.PHONY: build
build: dist/bun-gofer dist/runsc ## Make dist/bun-gofer, and dist/runsc that starts it

CHECKS := check-types check-lint check-layers check-unused
.PHONY: check $(CHECKS)
check: $(CHECKS) ## Check types, style, layers and unused code
$(CHECKS): check-%: setup
	@$(STEP) "$@" $(TOOL) check:$*

.PHONY: format
format: setup ## Format the code and mend what can be mended safely
	@$(TOOL) format

.PHONY: unit
unit: setup ## Run the unit tests
	@$(BUN) scripts/test.ts unit

.PHONY: sandbox
sandbox: packages build ## Run the tests in real sandboxes
	@$(BUN) scripts/test.ts sandbox

.PHONY: soak
soak: packages build ## Use the gofer for long and see that it neither fails nor grows (SOAK_MINUTES=60)
	@SOAK_MINUTES=$(SOAK_MINUTES) $(BUN) scripts/test.ts soak

.PHONY: stress
stress: packages build ## Start the gofer over and over among threads that come and go, and look at its privileges (STRESS_STARTS=1000)
	@$(BUN) test/stress/starts.ts $(STRESS_STARTS)

.PHONY: engines
engines: packages engine-programs build ## Run containers by Docker and by containerd, with daemons of their own
	@$(BUN) scripts/test.ts engines

.PHONY: engine-programs
engine-programs:
	@scripts/get-engines.sh

.PHONY: vectors
vectors: ## Make the byte vectors of the messages anew, with gVisor's own encoder
	@mkdir -p .cache
	@cd test/vectors && CGO_ENABLED=0 go run . >../../.cache/vectors.json
	@mv .cache/vectors.json test/vectors/vectors.json

.PHONY: mutate
mutate: setup ## Change one rule at a time and see whether the tests notice (MUTATE_ARGS="--seed N --mutants N")
	@$(BUN) scripts/mutate.ts $(MUTATE_ARGS)

.PHONY: bench
bench: packages build ## Run all benchmarks, for more than an hour, and write docs/performance.md (BENCH_ARGS="gofers page")
	@$(BUN) bench/run.ts $(BENCH_ARGS)

.PHONY: bench-quick
bench-quick: build ## Compare with the stock gofer for a minute and print that
	@$(BUN) bench/run.ts --quick $(BENCH_ARGS)

.PHONY: setup
setup: $(NODE_MODULES) $(SECCOMP_LIBRARY) ## Install the development tools that the lock file names

.PHONY: packages
packages: ## Install the Debian packages that the tests need, when missing
	@scripts/install-packages.sh

.PHONY: clean
clean: ## Remove what was built
	rm -rf dist .cache

$(NODE_MODULES): package.json package-lock.json
	@$(STEP) "development tools" scripts/install-node-modules.sh

dist/bun-gofer: $(SOURCES) tsconfig.json $(NODE_MODULES) $(SECCOMP_LIBRARY) $(BUILD_ID)
	@$(STEP) "dist/bun-gofer" $(BUN) build src/main.ts --outfile $@ \
	  --compile --splitting --minify-syntax --minify-whitespace --bytecode --format=esm --target=$(BUN_TARGET) --reject-unresolved \
	  --no-compile-autoload-bunfig --no-compile-autoload-dotenv \
	  --define 'BUN_GOFER_VERSION="$(VERSION)"' --define 'BUN_GOFER_COMMIT="$(COMMIT)"'

dist/runsc-stock: $(RUNSC_ORIGIN) $(RUNSC) $(addprefix runsc/,go.mod go.sum build-stock.sh go-build.sh)
	@$(STEP) "dist/runsc-stock" scripts/get-stock-runsc.sh $@ $(RUNSC)

dist/runsc: dist/runsc-stock dist/bun-gofer
	@$(STEP) "dist/runsc" dist/bun-gofer adopt dist/runsc-stock --output $@ --gofer $(abspath dist/bun-gofer)

# Each changes only with what it holds, so that a new commit or another libseccomp rebuilds the gofer, and another RUNSC=
# or a moved repository rebuilds the adopted runsc.
$(SECCOMP_LIBRARY): FORCE
	@scripts/get-libseccomp.sh $@ $(LIBSECCOMP)

$(BUILD_ID): FORCE
	@scripts/write-if-changed.sh $@ '$(VERSION) $(COMMIT)'

$(RUNSC_ORIGIN): FORCE
	@scripts/write-if-changed.sh $@ '$(or $(RUNSC),built) in $(CURDIR)'

.PHONY: FORCE
FORCE:
