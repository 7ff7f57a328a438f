# What people run most. `just --list` shows it.

# Everything that CI checks but the demonstration.
check: lint test

# All tests, doctests among them.
test:
    cargo test --workspace

# Formatting and lints; a warning is an error.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# A hub and three devices on real sockets and files, explained as it goes.
demo:
    cargo run --release -p farm-survey -- demo

# Random histories on oracle and product: `just histories 10000`.
histories count="10000":
    WINDROW_HISTORIES={{count}} cargo test --release -p windrow-tests

# Worlds in which everything goes wrong: `just simulate 1000000 7`.
simulate sessions="100000" seed="0":
    cargo run --release -p windrow-tests --bin simulate -- --sessions {{sessions}} --seed {{seed}}

# Hostile models through source, lock, SQL and migrations: `just schemas 100000 7`.
schemas count="10000" seed="0":
    cargo run --release -p windrow-tests --bin schemas -- --count {{count}} --seed {{seed}}

# What capture, the wire, applying and files cost: `just figures w3`.
figures name="":
    cargo run --release -p windrow-tests --bin figures -- {{name}}

# The hot functions by themselves: `just bench fold`.
bench name="":
    cargo bench -p windrow-tests --bench hot -- {{name}}

# The API's documentation.
doc:
    cargo doc --workspace --no-deps --open
