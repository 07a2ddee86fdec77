# Every target needs Go and git alone, unless it says more. `make test` is the
# whole proof; CONTRIBUTING.md says which part to run while working.

GO        ?= go
FUZZTIME  ?= 60s
SOAKTIME  ?= 60s
BENCH     ?= .
BENCHTIME ?= 1s
TOOLS     := $(CURDIR)/.tools

# Tools are built by the Go in use, kept out of go.mod, and pinned here.
GOLANGCI_LINT_VERSION := v2.15.0
GORELEASER_VERSION    := v2.16.0
GOVULNCHECK_VERSION   := v1.9.0
GOLANGCI_LINT := $(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION)
GORELEASER    := $(TOOLS)/goreleaser-$(GORELEASER_VERSION)

export GO

.DEFAULT_GOAL := help

## help: list the targets
.PHONY: help
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST) | awk -F': ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

## build: the program, as released, in bin/
.PHONY: build
build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o bin/socialauth ./cmd/socialauth
	@ls -l bin/socialauth | awk '{ printf "bin/socialauth: %.1f MB\n", $$5 / 1e6 }'

## test: everything; installs what it needs where it may (Debian, Ubuntu)
.PHONY: test
test:
	@scripts/test.sh

## test-check: gofmt and go vet, of both modules
.PHONY: test-check
test-check:
	@scripts/test.sh check

## test-unit: go test ./..., which needs Go alone
.PHONY: test-unit
test-unit:
	@scripts/test.sh unit

## test-race: the concurrent packages under the race detector (needs a C compiler)
.PHONY: test-race
test-race:
	@scripts/test.sh race

## test-cross: compile and vet for Windows and macOS, and build twice alike
.PHONY: test-cross
test-cross:
	@scripts/test.sh cross reproducible

## test-keyring: the vault against a real Secret Service (gnome-keyring, dbus)
.PHONY: test-keyring
test-keyring:
	@scripts/test.sh tools keyring

## test-windows: the Windows build for real, under Wine (wine, gcc-mingw-w64)
.PHONY: test-windows
test-windows:
	@scripts/test.sh tools windows

## test-interop: a foreign server, a real browser, other languages' JWT libraries
.PHONY: test-interop
test-interop:
	@scripts/test.sh tools interop

## test-browser: of those, only what Chromium does
.PHONY: test-browser
test-browser:
	cd internal/interop && $(GO) test -count=1 -run Chromium -v ./...

## bench: the benchmarks (BENCH=regexp, BENCHTIME=1s)
.PHONY: bench
bench:
	@BENCH='$(BENCH)' BENCHTIME=$(BENCHTIME) scripts/bench.sh

## soak: processes killed at random for SOAKTIME (60s); make test has a short one
.PHONY: soak
soak:
	SOCIALAUTH_SOAK=$(SOAKTIME) $(GO) test -count=1 -v -timeout 10m -run '^TestSoak$$' ./internal/cli

## fuzz: each fuzz target for FUZZTIME (60s)
.PHONY: fuzz
fuzz:
	@scripts/fuzz.sh $(FUZZTIME)

## lint: golangci-lint over both modules
.PHONY: lint
lint: $(GOLANGCI_LINT)
	$(GOLANGCI_LINT) config verify
	$(GOLANGCI_LINT) run ./...
	cd internal/interop && $(GOLANGCI_LINT) run --config ../../.golangci.yaml ./...

## format: gofumpt, and the lint findings that can mend themselves
.PHONY: format
format: $(GOLANGCI_LINT)
	$(GOLANGCI_LINT) fmt ./...
	$(GOLANGCI_LINT) run --fix ./...

## vuln: known holes in what is linked (needs the vulnerability database)
.PHONY: vuln
vuln:
	$(GO) run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) ./...

## generate: what is generated and committed
.PHONY: generate
generate:
	$(GO) generate ./...

## snapshot: every archive and package of a release, in dist/, and checks them
.PHONY: snapshot
snapshot: $(GORELEASER)
	$(GORELEASER) check
	$(GORELEASER) release --snapshot --clean --skip=publish,sign
	@scripts/check-dist.sh dist

## clean: remove what the other targets made
.PHONY: clean
clean:
	rm -rf bin dist .tmp coverage.out internal/interop/js/node_modules internal/interop/screenshots

## distclean: and the tools
.PHONY: distclean
distclean: clean
	rm -rf $(TOOLS)

$(GOLANGCI_LINT):
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	@mv $(TOOLS)/golangci-lint $@

$(GORELEASER):
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) $(GO) install github.com/goreleaser/goreleaser/v2@$(GORELEASER_VERSION)
	@mv $(TOOLS)/goreleaser $@
