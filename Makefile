# The short way to everything. Each target works on a fresh Debian 12: it installs the packages it needs (with sudo when
# not root) only when dpkg says that one is missing. CMakePresets.json holds the builds themselves.
FUZZ_SECONDS ?= 600
JOBS ?= $(shell nproc)
# Tests wait more than they work: for timers, other programs, the disk.
TEST_JOBS ?= $(shell expr 2 '*' $(JOBS))
PREFIX ?= /usr/local

.PHONY: serve build test test-tsan fuzz bench load ledger timing deb install format clean packages-build packages-test

serve: build  ## build and serve localhost, with two demo accounts on first run
	@build/serve/aldis init --demo --if-missing
	@exec build/serve/aldis serve

build: packages-build build/serve/build.ninja  ## the release build, without tests
	@cmake --build build/serve --target aldis -j $(JOBS)

test: packages-test build/release/build.ninja build/asan-ubsan/build.ninja  ## every test, as shipped and under ASan and UBSan
	@cmake --build build/release -j $(JOBS)
	@ctest --preset release -j $(TEST_JOBS)
	@cmake --build build/asan-ubsan -j $(JOBS)
	@ctest --preset asan-ubsan -j $(TEST_JOBS)

test-tsan: packages-test build/tsan/build.ninja  ## the threaded parts under ThreadSanitizer
	@cmake --build build/tsan --target runtime_test core_test -j $(JOBS)
	@ctest --preset tsan --no-tests=error -R '^(runtime|core)_test$$'

fuzz: packages-test build/fuzz/build.ninja  ## each fuzzer for FUZZ_SECONDS
	@cmake --build build/fuzz --target fuzzers -j $(JOBS)
	@tools/fuzz build/fuzz $(FUZZ_SECONDS)

bench: packages-test build/bench/build.ninja  ## the micro-benchmarks
	@cmake --build build/bench --target benchmarks -j $(JOBS)
	@set -e; for program in build/bench/*_bench; do echo "== $$program"; $$program; done

load: packages-test build/bench/build.ninja  ## Aldis, prosody and ejabberd side by side
	@tools/install_packages bench
	@cmake --build build/bench --target aldis loadgen relay -j $(JOBS)
	@tests/load/compare

timing: packages-test build/bench/build.ninja  ## whether the time of an answer tells who exists
	@cmake --build build/bench --target aldis -j $(JOBS)
	@tests/timing/medians.py --binary build/bench/aldis

ledger: packages-test build/release/build.ninja  ## the proof that nothing accepted is lost, in full: about an hour
	@tools/install_packages bench
	@cmake --build build/release --target aldis ledger powerloss -j $(JOBS)
	@tests/ledger/run --kills 200 --interval 2 --messages 500000
	@tests/ledger/power --images 1000 --seconds 20
	@tests/ledger/faults --rounds 20

deb: build  ## a Debian package in build/deb
	@cd build/serve && cpack -G DEB -B ../deb

install: build  ## into PREFIX, honouring DESTDIR
	@cmake --install build/serve --prefix $(PREFIX)

format:  ## clang-format over our own sources
	@find src tests \( -name '*.h' -o -name '*.cpp' \) -not -path '*/node_modules/*' -print0 | xargs -0 clang-format-16 -i

clean:
	rm -rf build

# Ninja configures again by itself when a CMake file changes; only the first time is ours.
build/%/build.ninja:
	@cmake --preset $*

packages-build:
	@tools/install_packages build

packages-test:
	@tools/install_packages build test interop
