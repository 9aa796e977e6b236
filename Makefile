# `make run` and `make test` need Go and make only. `make check` installs its tools into TOOLS.
.DELETE_ON_ERROR:

export GO    ?= go
export TOOLS ?= $(HOME)/.cache/cedula/tools
ENVIRONMENT  ?= sandbox
MUTATED      ?= auth identity registry
TOOL         := $(GO) tool -modfile=infra/tools/go.mod
SAM           = AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-us-east-1} SAM_CLI_TELEMETRY=0 "$$(infra/ci/install.sh sam)/bin/sam"
# A file system in memory, if it has 4 GB: on a disk each durable write waits.
MEMORY       := $(shell [ "$$(df -k --output=avail /dev/shm 2>/dev/null | tail -n 1)" -gt 4000000 ] 2>/dev/null && echo /dev/shm || echo /tmp)

# Without VCS stamp and paths a bootstrap changes only when its code does.
BOOTSTRAP_ARCH ?= arm64
BOOTSTRAP       = CGO_ENABLED=0 GOOS=linux GOARCH=$(BOOTSTRAP_ARCH) $(GO) build -buildvcs=false -trimpath -tags lambda.norpc -ldflags '-s -w' -o
FUNCTIONS      := $(patsubst functions/%/main.go,%,$(wildcard functions/*/*/main.go))

.PHONY: help run test check build deploy bench fmt fmt-check vet lint openapi test-dynamodb walk life faults fuzz schemathesis template sam-local mutation clean force
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-16s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)
run: ## serve both APIs on this machine, data in .cedula/
	@mkdir -p .build
	$(GO) build -o .build/cedula ./infra/cedula
	@exec .build/cedula serve
test: ## all tests that need Go alone
	$(GO) test ./...
build: $(FUNCTIONS:%=.build/arm64/%/bootstrap) ## every bootstrap for Lambda, with sizes and start-up times
	$(GO) test -run '^$$' -bench Start -benchtime 10x ./infra/lambdatest
deploy: ## build and deploy ENVIRONMENT (sandbox or production)
	$(SAM) build --config-env $(ENVIRONMENT)
	$(SAM) deploy --config-env $(ENVIRONMENT)
bench: build ## benchmarks, summarized in .build/bench.txt (needs wrk)
	TMPDIR='$(MEMORY)' infra/ci/bench.sh $(LOAD)
fmt: ## format the code
	$(TOOL) golangci-lint fmt
clean: ## remove what was built; the tools and the local data stay
	rm -rf .build .aws-sam

check: export FUZZ_REST ?= 20s
check: fmt-check vet lint openapi test-dynamodb walk life faults fuzz schemathesis template ## everything CI runs
fmt-check:
	$(TOOL) golangci-lint fmt --diff
vet:
	$(GO) vet ./...
	GOOS=windows $(GO) build ./infra/cedula ./infra/cedula-aws
	GOOS=darwin $(GO) build ./infra/cedula ./infra/cedula-aws
lint: # CI has no network for govulncheck: go run golang.org/x/vuln/cmd/govulncheck@v1.8.0 ./...
	$(TOOL) golangci-lint run
	"$$(infra/ci/install.sh shellcheck)/bin/shellcheck" -x -s sh infra/ci/*.sh infra/template/rules/*.sh infra/bench/load/*.sh .ci/run
	infra/ci/prose.sh && infra/ci/modules.sh
openapi: ## lint the contracts
	REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true "$$(infra/ci/install.sh redocly)/node_modules/.bin/redocly" lint --config infra/openapi/redocly.yaml shared/apidocs/*.yaml
test-dynamodb: ## all tests under the race detector, those against DynamoDB too
	TMPDIR='$(MEMORY)' infra/ci/test-dynamodb.sh
walk: ## lists of 200,000 and a million identities
	infra/ci/soak.sh -run '^(TestBigList|TestMillion)' ./infra/local ./shared/conomy
life: ## a model with crashes; expiry that races activation; damaged data directories; earlier releases and this one in turns
	TMPDIR='$(MEMORY)' infra/ci/soak.sh -run '^(TestInvariantsUnderCrashes|TestExpire|TestConcurrentTok|TestDamage|TestUpgrade|TestNewer)' ./shared/registry ./shared/jobs ./shared/table/pebble ./infra/cli
faults: ## each operation meets each fault at each call of the table; histories are linearizable
	TMPDIR='$(MEMORY)' infra/ci/soak.sh ./infra/operationtest
fuzz: ## the fuzz targets, for FUZZ_TIME or FUZZ_REST each
	TMPDIR='$(MEMORY)' infra/ci/fuzz.sh
schemathesis: ## thousands of requests generated from the contracts
	infra/ci/schemathesis.sh
template: ## check template.yaml, as written and as SAM expands it
	infra/ci/template.sh
sam-local: ## every event and both APIs by sam local (needs a container engine)
	infra/ci/sam-local.sh
mutation: ## which mutants of MUTATED survive its tests: hours, not in CI
	$(foreach package,$(MUTATED),$(TOOL) gremlins unleash ./shared/$(package);)

.build/arm64/%/bootstrap: BOOTSTRAP_ARCH = arm64
.build/arm64/%/bootstrap: force
	$(BOOTSTRAP) '$@' './functions/$*'
# sam asks for build-ConomyCreateIdentityFunction, which is functions/conomy/create-identity,
# or build-ConomyAuthorizerFunction, which is functions/authorizers/conomy.
build-%Function:
	@folder=$$(echo '$*' | awk '{ gsub(/[A-Z]/, "-&"); name = tolower(substr($$0, 2)); \
	  if (!sub(/-authorizer$$/, "", name)) sub(/-/, "/", name); else name = "authorizers/" name; print name }') && \
	$(BOOTSTRAP) '$(ARTIFACTS_DIR)/bootstrap' "./functions/$$folder"
