# The two commands: `make demo` records a room, `make test` proves the promises.
.PHONY: demo test check bench plugins guests clients freeze build setup-build setup-test setup-check setup-clients

# Where rustup puts the tools, for shells that haven't read its profile yet.
export PATH := $(HOME)/.cargo/bin:$(PATH)

# The demo's length in seconds and its number of publishers.
SECONDS_OF_DEMO ?= 20
PUBLISHERS ?= 4

demo: build
	cargo run --quiet -p capstan-server -- demo --seconds $(SECONDS_OF_DEMO) --publishers $(PUBLISHERS)

build: setup-build plugins
	cargo build -p capstan-server

# What the plugins decide, as plain Rust; what the clients do by themselves; then everything else, against the
# built plugins. Three at once: two that record in real time (tests/harness/turns.rs), one that doesn't.
test: setup-test setup-clients plugins guests
	cd plugins && cargo test --quiet
	clients/java/build test
	clients/cpp/build test
	RUST_TEST_THREADS=3 cargo test --workspace --no-fail-fast

check: setup-check
	cargo fmt --all --check
	cd plugins && cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cd plugins && cargo clippy --all-targets --locked -- -D warnings
	cd plugins && cargo clippy --workspace --exclude capstan-store-trial \
		--target wasm32-unknown-unknown --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet
	cargo run --quiet --bin capstan-pack -- --check wit/v1
	cargo deny --offline check bans licenses sources
	cargo machete

bench: build
	scripts/bench

# Every shipped plugin, from source to plugins/built/*.wasm.
plugins: setup-build
	plugins/build

# Freezes the contract's files as they are. After a release only for files that are new.
freeze:
	cd wit && sha256sum v*/*.wit > FROZEN

# The misbehaving guests that the tests load.
guests: setup-build
	tests/guests/build

# The clients' packages: a .jar with its sources, a .tar.gz of libraries and headers and one of sources.
clients: setup-clients
	clients/java/build package
	clients/cpp/build package

setup-build setup-test setup-check setup-clients: setup-%:
	@scripts/setup $*
