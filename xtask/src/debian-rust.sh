#!/bin/sh
# Rust for wasm32 from Debian's own archive, for machines where rustup cannot download. Run as root; about a minute.
#
# Debian 12's security archive carries a recent Rust (built for its browsers) with the standard library's source, but no
# wasm32 library: that is compiled here from the source. Everything lands below /usr, beside a rustup that stays as it is.
set -eu

[ "$(id -u)" = 0 ] || { echo "needs root: it installs Debian packages" >&2; exit 1; }
command -v apt-get >/dev/null || { echo "needs apt-get: this is not Debian" >&2; exit 1; }

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends rustc-web cargo-web rust-web-src rust-web-llvm lld-22

# Where cargo's build-std looks for the source.
source=$(ls -d /usr/src/rustc-*/library | sort -V | tail -n 1)
mkdir -p /usr/lib/rustlib/src/rust
[ -e /usr/lib/rustlib/src/rust/library ] || ln -s "$source" /usr/lib/rustlib/src/rust/library

target=/usr/lib/rustlib/wasm32-unknown-unknown/lib
if ! ls "$target"/libstd-*.rlib >/dev/null 2>&1; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cp -r "$source" "$work/library"
  cd "$work/library"
  env -u CARGO_TARGET_DIR -u RUSTUP_TOOLCHAIN -u CARGO RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc \
    RUSTFLAGS="-Cembed-bitcode=yes -Zforce-unstable-if-unmarked" \
    /usr/bin/cargo build --release --target wasm32-unknown-unknown -p sysroot
  mkdir -p "$target"
  cp target/wasm32-unknown-unknown/release/deps/*.rlib "$target/"
fi
