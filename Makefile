# Daybook's commands. `make` alone prints them; the work is in xtask/.

# A shell that does not read its start-up files may not have cargo in its PATH.
export PATH := $(PATH):$(HOME)/.cargo/bin

XTASK := cargo run --quiet --package xtask --
BENCH := cargo run --release --quiet --package daybook-bench --

.PHONY: help run test bench cargo

help:
	@echo 'make run              build Daybook, start it with a demo account, print the address'
	@echo 'make test             everything that CI runs: format, lints, docs, tests (installs what is missing)'
	@echo 'make test ARGS=NAME   only the tests with this name, with a PostgreSQL'
	@echo 'make bench            measure it on this machine'

run: cargo
	@$(XTASK) run $(ARGS)

test: cargo
	@$(XTASK) test $(ARGS)

bench: cargo
	@$(XTASK) web
	@cargo build --release --package daybook-server --bin daybook
	@$(BENCH) $(ARGS)

cargo:
	@command -v cargo >/dev/null || { echo 'cargo is missing: install Rust 1.95 or later (rustup), then try again'; exit 1; }
	@command -v cc >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get --quiet update && apt-get --quiet install --yes build-essential; } \
		|| { echo 'a C compiler is missing: install one, on Debian with `apt-get install build-essential`'; exit 1; }
