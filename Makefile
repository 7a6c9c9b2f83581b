# Joinery. `make` or `make help` lists the targets. Needed: Go and Node (with npm).

SHELL := /bin/bash
GO ?= go
WITHPG := $(GO) run ./internal/localpg/cmd/withpg --
GOLANGCI_LINT := $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.DEFAULT_GOAL := help
.PHONY: help build console console-check browser demo test compat compat-published hive race fuzz lint format generate generated bench ci clean

help: ## List the targets.
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

build: console ## Build the programs into bin/, the console's page within.
	$(GO) build -o bin/ ./cmd/joinery ./supergraph/auth0profile/cmd/auth0profile ./supergraph/auth0profile/cmd/auth0standin
	$(GO) build -o bin/hodor-handler ./examples/hodor/handler

# The page is built anew only when something of it has changed. Without it (plain `go build`) the console says how to.
PAGE := console/web/dist/index.html
PACKAGES := console/web/node_modules/.package-lock.json

console: $(PAGE) ## Build the console's page.

$(PAGE): $(PACKAGES) $(shell find console/web/src console/web/public -type f) $(wildcard console/web/*.html console/web/*.json console/web/*.ts)
	cd console/web && npm run --silent build

$(PACKAGES): console/web/package-lock.json
	cd console/web && npm ci --no-audit --no-fund && touch node_modules/.package-lock.json

console-check: $(PACKAGES) ## Check the console's types, lint it and run its unit tests.
	cd console/web && npm run --silent typecheck && npm run --silent lint && npm run --silent test

browser: build ## Run the console's tests in Chromium, against a stack of their own.
	cd console/web && npm run --silent browser

demo: build ## Run the example through a router and stay up; ONCE=1 ends after the answers.
	bin/joinery dev examples/hodor $(if $(ONCE),--once)

test: ## Run the tests, on a Postgres of their own (or TEST_DATABASE_URL).
	$(WITHPG) $(GO) test ./...

compat: ## Run Apollo's subgraph compatibility suite and print its 15 rows (needs npm and Apollo Router).
	$(WITHPG) $(GO) test -count=1 -v -run TestCompatibility ./compat

compat-published: ## Run the suite's tests as they are on npm, too (500 packages).
	COMPAT_PUBLISHED=1 $(WITHPG) $(GO) test -count=1 -v -run TestPublished ./compat

hive: ## Ask the operations of e2e through Hive Gateway, too (750 npm packages).
	HIVE_GATEWAY=1 $(WITHPG) $(GO) test -count=1 -v -run TestHive ./e2e

race: ## Run the tests with the race detector, without those that only start other programs.
	$(WITHPG) $(GO) test -race -short ./...

FUZZTIME ?= 50000x
FUZZ ?= .
fuzz: ## Run the fuzz targets that match FUZZ (all) for FUZZTIME (inputs or seconds) each.
	@set -e; $(GO) list ./... | while read -r package; do \
		for target in $$($(GO) test -list '^Fuzz' "$$package" | grep '^Fuzz' | grep -E '$(FUZZ)' || true); do \
			echo "fuzz $$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x "$$package"; \
		done; \
	done

lint: ## Vet and lint, the import arrows of ARCHITECTURE.md included.
	$(GO) vet ./...
	$(GOLANGCI_LINT) run ./...

format: ## Format the code.
	$(GOLANGCI_LINT) fmt ./...

generate: ## Generate gqlgen's code, the example's SDL and its supergraph anew.
	$(GO) generate ./...

generated: generate ## Fail if generated files are out of date.
	@git diff --exit-code -- '*.go' '*.graphql' go.mod go.sum || { echo 'generated files are out of date: commit what make generate changed'; exit 1; }

bench: ## Measure Joinery beside its peers; writes docs/performance.md and .svg (needs npm; about 20 minutes).
	$(GO) run ./bench --out docs/performance.md

ci: ## Run what CI runs.
	.ci/run

clean: ## Remove what was built and cached in the repo.
	rm -rf bin .cache
