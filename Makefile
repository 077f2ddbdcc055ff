# Every task, the same on a laptop and in CI. `make help` lists them by section (`##@`).

PYTHON ?= python3
IMAGE ?= app
version = $(shell cat app/version.txt)
TESTS ?= tests
PROCESSES ?= 4
BIN := .venv/bin

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run dev test test-cluster docs-chart docs lint format typecheck check lock check-lock lint-commits lint-migrations \
  version release test-last-release test-release test-e2e kind-down image image-size benchmark migration install-hooks \
  terraform-plan terraform-apply terraform-check terraform-outputs provision seal promote status sealed-secrets-backup sealed-secrets-restore \
  tools rename test-rename clean

help: ## list all targets
	@awk -F ':.*## ' '/^##@ / {print "\n" substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- the environment: .venv, from the lock files, by uv if it is installed, else by pip

ifneq ($(shell command -v uv),)
.venv/bin/python:
	uv venv --quiet --allow-existing --python $(PYTHON) .venv
install = uv pip install --quiet --python .venv --require-hashes $(foreach lock,$(1),-r $(lock))
else
.venv/bin/python:
	$(PYTHON) -m venv .venv
install = $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes $(foreach lock,$(1),-r $(lock))
endif

.venv/run.stamp: requirements.lock requirements-build.lock | .venv/bin/python
	@echo "installing what the service needs …"
	$(call install,$^)
	@touch $@

.venv/dev.stamp: requirements-dev.lock .venv/run.stamp
	@echo "installing what developing needs …"
	$(call install,$<)
	@touch $@

.venv/release.stamp: requirements-release.lock | .venv/bin/python
	@echo "installing what releasing needs …"
	$(call install,$<)
	@touch $@

# The version from git's tags; made again after a commit, a checkout or a tag.
app/version.txt: .venv/run.stamp pyproject.toml $(wildcard .git/logs/HEAD .git/packed-refs .git/refs/tags)
	@$(BIN)/hatchling build --hooks-only --target wheel >/dev/null
	@touch $@

##@ Running

run dev: export LOG_FORMAT ?= console
run dev: export BIND_ADDRESS ?= localhost
run: .venv/run.stamp app/version.txt ## serve the page at http://localhost:8000; settings as in docs/configuration.md, DATABASE_URL=… for MySQL
	@$(BIN)/alembic upgrade head
	@echo "the page: http://localhost:$${PORT:-8000}   (Ctrl-C ends it)"
	@exec $(BIN)/gunicorn

dev: export WEB_CONCURRENCY ?= 1
dev: .venv/run.stamp app/version.txt ## the same, and start again whenever code, a template or a migration changes
	@echo "the page: http://localhost:$${PORT:-8000}   (Ctrl-C ends it)"
	@exec $(BIN)/python hack/dev.py

migration: .venv/dev.stamp ## write a new migration: make migration NAME="add a colour"
	@test -n "$(NAME)" || { echo 'NAME: missing; expected what it does: make migration NAME="add a colour"' >&2; exit 2; }
	$(BIN)/alembic revision --message "$(NAME)" --rev-id "$$(date -u +%Y%m%d)_$$(od -An -N3 -tx1 /dev/urandom | tr -d ' ')"

##@ Checking

test: .venv/dev.stamp .venv/release.stamp app/version.txt ## run all tests that need no cluster, or those of TESTS=…, by PROCESSES=… (4); MySQL from TEST_DATABASE_URL, else from Docker, else an installed mysqld
	env -u KUBECONFIG $(BIN)/pytest --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder -m "not cluster" --ignore tests/release --ignore tests/e2e $(TESTS)

test-cluster: .venv/dev.stamp ## test the chart, provisioning and releases/ on a real cluster (15 minutes; needs KUBECONFIG, REGISTRY, Docker, helm, kubectl, kubeseal, jq)
	@$(BIN)/python -m tests.cluster

docs: .venv/dev.stamp app/version.txt ## write docs/configuration.md from the settings and metrics
	$(BIN)/python -m hack.configuration

docs-chart: .venv/dev.stamp ## write the table of values in the chart's README from values.yaml
	$(BIN)/python -m tests.chart.values_table

lint: .venv/dev.stamp ## check code and format with Ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

typecheck: .venv/dev.stamp .venv/release.stamp app/version.txt ## check the types
	$(BIN)/mypy

format: .venv/dev.stamp ## format the code, and correct findings
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: .venv/dev.stamp ## upgrade the lock files to the newest versions
	ci/lock.sh --upgrade

check-lock: .venv/dev.stamp ## check that the lock files agree with pyproject.toml
	ci/lock.sh --check

check: lint typecheck check-lock test ## run all checks of CI

install-hooks: .venv/dev.stamp ## check each commit before it is made
	$(BIN)/pre-commit install --hook-type pre-commit --hook-type commit-msg

##@ The pipeline's steps

lint-commits: .venv/dev.stamp ## check commit messages: make lint-commits RANGE=main.. TITLE="feat: what a merge request does"
	@test -n "$(RANGE)" || { echo 'RANGE: missing; expected commits as git names them: make lint-commits RANGE=main..' >&2; exit 2; }
	$(BIN)/cz check --rev-range "$(RANGE)"
	@title=$$(printf %s "$$TITLE" | sed -E 's/^(\[draft]|\(draft\)|draft:) *//I'); test -z "$$title" || $(BIN)/cz check --message "$$title"

lint-migrations: .venv/dev.stamp ## judge each revision since the last release by running it on MySQL, which comes as for the tests
	@$(BIN)/python -m ci.lint_migrations

test-last-release: .venv/dev.stamp ## run the last release on the schema of this checkout, then while it is migrated under load (3 minutes)
	@$(BIN)/python -m ci.last_release

version: .venv/release.stamp ## print the next version, or on a branch the version that its merge would release
	@ci/version.sh

release: .venv/release.stamp ## tag this commit as VERSION, publish its image and chart, sign them (the pipeline does)
	@ci/release.sh

ifneq ($(and $(LAB_HOME),$(wildcard ../shared/lab)),)
include .ci/lab.mk
else ifeq ($(KUBECONFIG),)
laptop := hack/kind/laptop.sh run
endif

test-release: .venv/dev.stamp ## run the real pipeline for merges of every kind (30 minutes; needs Docker, REGISTRY, PIPELINE, NEW_REPOSITORY)
	@$(BIN)/python -m tests.release

test-e2e: .venv/dev.stamp ## show everything on a cluster, that of KUBECONFIG or one of kind, from merges to three environments and back (50 minutes; it says what it needs)
	@$(laptop) $(BIN)/python -m tests.e2e

kind-down: ## remove the kind cluster of `make test-e2e`, and what is beside it
	@hack/kind/laptop.sh down

##@ The image

image: app/version.txt ## build the image app:VERSION
	IMAGE='$(IMAGE)' VERSION='$(version)' ci/image.sh
	docker tag '$(IMAGE):$(subst +,-,$(version))' '$(IMAGE):latest'

image-size: ## print the compressed size of the image beyond its base
	ci/image-size.sh $(IMAGE):latest python:3.13-slim 25

benchmark: .venv/dev.stamp app/version.txt ## measure the page beside its peers (15 minutes; needs Docker, Node.js, wrk)
	$(BIN)/python benchmarks/benchmark.py

##@ Infrastructure

# TERRAFORM_BACKEND selects the place of the state: infrastructure/terraform.sh lists them.

terraform-plan: ## show the planned changes of an environment: make terraform-plan ENV=dev
	@infrastructure/terraform.sh "$(ENV)" plan

terraform-apply: ## create or change an environment, after a confirmation: make terraform-apply ENV=dev
	@infrastructure/terraform.sh "$(ENV)" apply

terraform-outputs: ## write the outputs that provisioning needs to var/outputs-ENV.json: make terraform-outputs ENV=dev
	@umask 077 && mkdir -p var && infrastructure/terraform.sh "$(ENV)" output -json >var/outputs.new
	@mv var/outputs.new "var/outputs-$(ENV).json" && echo "var/outputs-$(ENV).json: for TERRAFORM_OUTPUTS; it holds secrets"

terraform-check: ## check Terraform's code: format, validity, tests; needs no account
	infrastructure/check.sh

##@ Environments

# Ordered, so that no job waits for a later one.
JOBS := install_sealed_secrets install_cert_manager install_nginx_ingress add_docker_registry_secret add_mysql_secret \
  install_gitops

provision: ## prepare a cluster for an environment: make provision ENV=dev [JOB=…]; settings in provision/README.md
	@for job in $(or $(JOB),$(JOBS)); do \
	  test -x "provision/$$job.sh" || { echo "JOB: $$job; expected one of: $(JOBS)" >&2; exit 2; }; \
	  ENVIRONMENT='$(ENV)' "provision/$$job.sh" || exit; \
	done

seal: ## prompt for a secret's value, and seal it for an environment: make seal ENV=dev NAME=APP_SECRET
	@ENVIRONMENT='$(ENV)' provision/seal.sh '$(NAME)'

promote: ## change the version range of an environment, without a commit: make promote ENV=prod TO='~1.1'
	@ENVIRONMENT='$(ENV)' provision/promote.sh '$(TO)'

status: ## print the version and state of each environment
	@provision/status.sh

sealed-secrets-backup: ## save the sealing keys: make sealed-secrets-backup FILE=…, outside of repositories
	@provision/sealed_secrets_keys.sh backup '$(FILE)'

sealed-secrets-restore: ## restore saved sealing keys to a cluster: make sealed-secrets-restore FILE=…
	@provision/sealed_secrets_keys.sh restore '$(FILE)'

##@ This clone

tools: ## install kubectl, helm and others of mise.toml, or list the missing ones
	@hack/tools.sh

# Lines that a longer name makes too long are wrapped by the formatter, or excepted from the limit.
rename: .venv/dev.stamp ## turn this clone into your own: make rename NAME=shop DOMAIN=shop.example.com
	@hack/rename.py
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --select E501 --add-noqa='longer by the name' . >/dev/null

test-rename: .venv/dev.stamp app/version.txt ## rename a copy, and run its checks that need no cluster (10 minutes)
	@$(BIN)/python -m tests.rename

clean: ## remove all installed and generated files
	rm -rf .venv var build *.env app/version.txt .mypy_cache .pytest_cache .ruff_cache
