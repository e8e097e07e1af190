# Everything starts here: "make" prints what there is. Works as root and as a user, from a clean clone.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

# One setting for every build, so that build, vet and test share the compiled packages; only -race needs C.
export CGO_ENABLED := 0

LIVES ?= 60
CUTS ?= 40
SEEDS ?= 60
DAYS ?= 7
SEED ?=
BREAK ?=
LONG ?=
FUZZTIME ?= 30s
IN ?= en
PAST ?=

RIG := bin/cubby-demo rig --postgres --fsync=false --temporal --
# Tests of these wait for browsers and doors more than they reckon: they begin first, beside the others.
SLOW_PACKAGES := ./cmd/cubby-agent ./cmd/cubby-demo/run
RACE_PACKAGES := ./models ./models/catalogue ./agent/... ./worker/... ./workflows/...
TEMPORAL_SOURCES := $(wildcard deploy/temporal/*.go deploy/temporal/go.mod deploy/temporal/go.sum)
WEB_FILES := $(addprefix node_modules/swagger-ui-dist/,swagger-ui.css swagger-ui-bundle.js swagger-ui-bundle.js.LICENSE.txt \
	favicon-32x32.png LICENSE NOTICE)
# The font of labels: Latin, Greek and Cyrillic, free to embed.
FONT_FILES := $(addprefix node_modules/dejavu-fonts-ttf/,ttf/DejaVuSansCondensed.ttf LICENSE)
DESK_FILES := $(addprefix node_modules/,htmx.org/dist/htmx.min.js @tabler/core/dist/css/tabler.min.css)
GO_FILES = $$(git ls-files --cached --others --exclude-standard --deduplicate '*.go' ':!:*.gen.go' | while read -r f; do [ ! -f "$$f" ] || echo "$$f"; done)
GENERATED_SUMS = git ls-files -z --cached --others --exclude-standard --deduplicate '*.gen.go' | xargs -0 -r sha256sum 2>/dev/null | sort -k 2 || true

.PHONY: help
help: ## list the targets
	@echo "usage: make TARGET [NAME=value]"
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' Makefile | while IFS=$$'\t' read -r name text; do printf '  %-10s %s\n' "$$name" "$$text"; done

##### What is needed #####

.PHONY: deps
deps: .make/deps ## check the programs that the others need; as root, install what is missing

# The stamp depends on this file: a new requirement is looked for once.
.make/deps: Makefile
	@echo "deps: looking for go, gcc, npm, git, curl, jq, initdb and chromium-headless-shell"
	@mkdir -p .make
	@command -v go >/dev/null || { echo "deps: Go 1.26 or newer is needed, and Debian's is older: see https://go.dev/doc/install" >&2; exit 1; }
	@go version | grep -Eq ' go1\.(2[6-9]|[3-9][0-9])' || { echo "deps: Go 1.26 or newer is needed, this is: $$(go version)" >&2; exit 1; }
	@missing=(); \
	command -v gcc >/dev/null || missing+=(gcc libc6-dev); \
	command -v npm >/dev/null || missing+=(nodejs npm); \
	command -v git >/dev/null || missing+=(git); \
	command -v curl >/dev/null || missing+=(curl); \
	command -v jq >/dev/null || missing+=(jq); \
	compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || missing+=(postgresql-15); \
	command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || missing+=(chromium-headless-shell); \
	if [ $${#missing[@]} -gt 0 ]; then \
		if [ "$$(id -u)" != 0 ]; then \
			echo "deps: missing. Run this, then make again:" >&2; \
			echo "  sudo apt-get install --no-install-recommends $${missing[*]}" >&2; \
			exit 1; \
		fi; \
		command -v apt-get >/dev/null || { echo "deps: missing and no apt-get to install them: $${missing[*]}" >&2; exit 1; }; \
		echo "deps: installing $${missing[*]}"; \
		no_cluster=/etc/postgresql-common/createcluster.d/cubby.conf; \
		if [[ " $${missing[*]} " == *" postgresql-15 "* && ! -d /etc/postgresql-common ]]; then \
			mkdir -p "$$(dirname $$no_cluster)"; \
			echo "create_main_cluster = false" >$$no_cluster; \
		fi; \
		export DEBIAN_FRONTEND=noninteractive; \
		apt-get update -qq; \
		apt-get install -y -qq --no-install-recommends "$${missing[@]}" >.make/apt.log 2>&1 || { tail -20 .make/apt.log >&2; exit 1; }; \
	fi
	@touch $@

##### Building #####

.PHONY: web
web: .make/web ## fetch the browser libraries and the font that the server embeds

.make/web: package-lock.json package.json .npmrc | .make/deps
	@echo "web: npm ci"
	@npm ci --no-progress --loglevel=error
	@mkdir -p api/docs/assets api/labels/assets
	@cp $(WEB_FILES) api/docs/assets/
	@cp $(FONT_FILES) api/labels/assets/
	@mkdir -p api/desk/assets
	@for file in $(DESK_FILES); do gzip -9 -n -c $$file >api/desk/assets/$$(basename $$file).gz; done
	@touch $@

.PHONY: build
build: bin/cubby bin/cubby-agent bin/cubby-demo bin/cubby-temporal ## build the programs into bin/

# Always asked: Go itself knows what is up to date.
.PHONY: bin/cubby bin/cubby-demo
bin/cubby bin/cubby-demo: .make/deps .make/web
	@echo "build: $@"
	@go build -o $@ ./cmd/$(@F)

# The cabinet's program is static and without symbols: it goes over slow lines.
.PHONY: bin/cubby-agent
bin/cubby-agent: .make/deps
	@echo "build: $@"
	@go build -trimpath -ldflags "-s -w" -o $@ ./cmd/cubby-agent

.PHONY: agents
agents: .make/deps ## build the cabinet's program for amd64 and arm64; each must be static and under 25 MB
	@for arch in amd64 arm64; do \
		file=bin/cubby-agent-linux-$$arch; \
		GOOS=linux GOARCH=$$arch go build -trimpath -ldflags "-s -w" -o $$file ./cmd/cubby-agent; \
		size=$$(stat -c %s $$file); \
		echo "agents: $$file: $$size bytes"; \
		[ $$size -lt 25000000 ] || { echo "agents: $$file is over 25 MB" >&2; exit 1; }; \
		! go version -m $$file | grep -q 'CGO_ENABLED=1' || { echo "agents: $$file is not static" >&2; exit 1; }; \
	done

# The ticker is in the background and the build in front, so that Ctrl-C reaches the build.
bin/cubby-temporal: $(TEMPORAL_SOURCES) | .make/deps
	@echo "build: $@ (the real Temporal server: the first build takes 6 minutes or more on 2 cores, later ones seconds)"
	@every=30; [ ! -t 1 ] || every=1; \
	( while sleep $$every >/dev/null 2>&1; do \
		if [ -t 1 ]; then printf '\rbuild: %d s ' $$SECONDS; else echo "build: still at $@, $$SECONDS s"; fi; \
	done ) & \
	ticker=$$!; \
	trap 'kill $$ticker 2>/dev/null || true' EXIT; \
	(cd deploy/temporal && go build -o ../../$@ .); \
	if [ -t 1 ]; then printf '\r'; fi; \
	echo "build: $@ took $$SECONDS s"; \
	touch $@

.PHONY: generate
generate: | .make/deps ## regenerate the generated code
	@echo "generate: go generate ./..."
	@go generate ./...

##### Running #####

.PHONY: run
run: ## build and start everything on this machine, with one page to watch it (PAST=1 lives two weeks of history first); Ctrl-C stops it, ./var keeps the data
	@command -v go >/dev/null || { echo "run: Go 1.26 or newer is needed, and Debian's is older: see https://go.dev/doc/install" >&2; exit 1; }
	@echo "run: building the start page's program: it needs no module, and half a minute at most on a cold machine"
	@go build -o bin/cubby-start ./cmd/cubby-start
	@exec bin/cubby-start $(if $(PAST),-- --past)

.PHONY: demo
demo: build ## play the scenes and judge them from outside (BREAK=scene must fail)
	@echo "demo: scenes"
	@BREAK=$(BREAK) bin/cubby-demo scenes

.PHONY: kill
kill: build ## kill the parts while LIVES=60 lives run (SEED=n repeats one)
	@echo "kill: $(LIVES) lives"
	@bin/cubby-demo kill --lives $(LIVES) $(if $(SEED),--seed $(SEED))

.PHONY: cuts
cuts: build ## cut the power of cabinets CUTS=40 times, and have their disks fail (SEED=n repeats one); needs FUSE
	@echo "cuts: $(CUTS) cuts"
	@bin/cubby-demo cuts --cuts $(CUTS) $(if $(SEED),--seed $(SEED))
	@echo "cuts: with a planted bug, which has to be found"
	@go build -tags mutants -o bin/cubby-agent-mutants ./cmd/cubby-agent
	@status=0; log=.make/planted.log; \
	bin/cubby-demo cuts --cuts 24 --agent bin/cubby-agent-mutants --planted unsynced_commit >$$log 2>&1 || status=$$?; \
	if [ $$status != 0 ] && grep -m 1 '^cuts: WRONG' $$log; then echo "cuts: it is found"; \
	else cat $$log; [ $$status = 0 ] && grep -q SKIPPED $$log || { echo "cuts: the planted bug was not found" >&2; exit 1; }; fi

.PHONY: outages
outages: build ## take servers, database and lines away while people work (LONG=1 freezes for 90 s, BREAK=play must fail)
	@echo "outages: plays"
	@BREAK=$(BREAK) bin/cubby-demo outages $(if $(LONG),--long) $(if $(SEED),--seed $(SEED))

.PHONY: restores
restores: build ## put databases and cabinets' stores back while life goes on (BREAK=play must fail)
	@echo "restores: plays"
	@BREAK=$(BREAK) bin/cubby-demo restores

.PHONY: demo-screen
demo-screen: .make/deps .make/web ## walk a browser through the cabinet's screens (IN=en,ru,de,ar) and leave pictures in var/screens
	@echo "demo-screen: $(IN)"
	@mkdir -p var/screens
	@CUBBY_SCREENS=$(CURDIR)/var/screens CUBBY_SCREENS_IN=$(IN) go test -count=1 -timeout 40m -run '^TestTour$$' ./cmd/cubby-agent

.PHONY: simulate
simulate: .make/deps ## run SEEDS=60 simulated networks for DAYS=7 virtual days each, then the planted bugs
	@echo "simulate: $(SEEDS) seeds, $(DAYS) days"
	@go test -v -count=1 -timeout 60m -run '^TestSimulate$$' ./simulation -args -seeds $(SEEDS) -days $(DAYS) | sed -E '/^(=== |--- PASS|PASS$$)/d'
	@echo "simulate: planted bugs"
	@go test -v -count=1 -timeout 30m -tags mutants -run '^TestMutants$$' ./simulation | sed -E '/^(=== | *--- PASS|PASS$$)/d'

.PHONY: bench
bench: build ## measure lives a second, how soon doors are driven, memory, and facts a second
	@echo "bench: lifecycle on Postgres, with Temporal on Postgres" >&2
	@bin/cubby-demo rig --temporal-on-postgres -- bin/cubby bench lifecycle --db postgres --json
	@echo "bench: lifecycle on SQLite, with Temporal on SQLite" >&2
	@bin/cubby-demo rig --temporal -- bin/cubby bench lifecycle --db sqlite --json
	@echo "bench: cabinet: doors, memory, facts taken in (about 6 minutes: the gateway enrols 10 cabinets a second)" >&2
	@bin/cubby-demo rig --postgres -- bin/cubby bench cabinet --json

##### Judging #####

.PHONY: test
test: build ## run every test on SQLite, Postgres and Temporal
	@echo "test: go test ./..."
	@$(RIG) go test -p 3 $(SLOW_PACKAGES) ./...
	@echo "test: go test ./... in deploy/temporal"
	@cd deploy/temporal && ../../bin/cubby-demo rig --postgres --fsync=false -- \
		sh -c 'TEMPORAL_TEST_POSTGRES=$$CUBBY_TEST_POSTGRES exec go test ./...'

.PHONY: test-race
test-race: bin/cubby-demo bin/cubby-temporal ## run the core's tests with the race detector
	@echo "test-race: go test -race $(RACE_PACKAGES)"
	@CGO_ENABLED=1 $(RIG) go test -race -timeout 30m $(RACE_PACKAGES)
	@echo "test-race: go test -race ./models/store, on Postgres alone: SQLite, which is Go here, takes ten times as long under the detector (soak has both)"
	@CGO_ENABLED=1 $(RIG) go test -race -timeout 30m -run /postgres ./models/store

.PHONY: check
check: .make/web ## formatting, vet, linters, import rules, generated code, known vulnerabilities
	@echo "check: gofmt"
	@unformatted=$$(gofmt -l $(GO_FILES)); [ -z "$$unformatted" ] || { echo "check: run gofmt -w on:" $$unformatted >&2; exit 1; }
	@echo "check: go vet"
	@go vet ./...
	@echo "check: go vet in deploy/temporal (on a cold machine this compiles the Temporal server: minutes)"
	@cd deploy/temporal && go vet .
	@echo "check: staticcheck"
	@go tool staticcheck ./...
	@echo "check: import rules and package comments"
	@go test -count=1 ./checks/...
	@echo "check: workflowcheck"
	@go tool workflowcheck -config workflowcheck.config.yaml ./...
	@echo "check: generated code is in sync"
	@mkdir -p .make; { $(GENERATED_SUMS); } >.make/generated.before; \
	go generate ./...; \
	{ $(GENERATED_SUMS); } >.make/generated.after; \
	diff .make/generated.before .make/generated.after || { echo "check: these generated files were stale; they are fresh now, look at them and keep them" >&2; exit 1; }
	@echo "check: govulncheck"
	@status=0; go tool govulncheck ./... >.make/govulncheck.log 2>&1 || status=$$?; \
	if [ $$status = 0 ]; then echo "check: no known vulnerability is reached"; \
	elif grep -q 'fetching vulnerabilities' .make/govulncheck.log; then \
		echo "check: !!!!! govulncheck DID NOT RUN, its database cannot be reached: $$(grep -v '^$$' .make/govulncheck.log | tail -1)" >&2; \
	else cat .make/govulncheck.log >&2; exit 1; fi

.PHONY: fuzz
fuzz: .make/web ## run each fuzz target for FUZZTIME=30s, all of them whatever becomes of one
	@failed=(); \
	for package in $$(go list ./...); do \
		targets=$$(go test -list '^Fuzz' "$$package" | grep '^Fuzz' || true); \
		for target in $$targets; do \
			echo "fuzz: $$target of $$package for $(FUZZTIME)"; \
			go test -run='^$$' -fuzz="^$$target\$$" -fuzztime=$(FUZZTIME) "$$package" || failed+=("$$target of $$package"); \
		done; \
	done; \
	[ $${#failed[@]} = 0 ] || { printf 'fuzz: FAILED: %s\n' "$${failed[@]}" >&2; exit 1; }

.PHONY: soak
soak: build ## the long tier: each row of cmd/cubby-demo/soak/rows, whatever becomes of the others, and one table
	@bin/cubby-demo soak --rows cmd/cubby-demo/soak/rows

.PHONY: ci
ci: ## what has to pass before a change is in: check, test, test-race, demo, kill, cuts, simulate
	@.ci/steps build agents check test
	@# The first two want the processor, the others mostly wait: those go on in front, these behind them.
	@set -m; nice -n 19 .ci/steps simulate test-race >.make/behind.log 2>&1 & behind=$$!; \
	.ci/steps demo kill cuts || { kill -- -$$behind; cat .make/behind.log; exit 1; }; \
	status=0; wait $$behind || status=$$?; cat .make/behind.log; exit $$status
	@echo "ci: passed"

.PHONY: clean
clean: ## remove what was built and fetched; ./var (the data of make run) stays
	@echo "clean: bin, .make, node_modules, api/docs/assets, api/desk/assets"
	@rm -rf bin .make node_modules
	@find api/docs/assets api/desk/assets -type f ! -name .gitkeep -delete
