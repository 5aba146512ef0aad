# The commands that README and .ci/run call. Everything lands in .venv, .cache and out, none of them committed.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp-$(shell sha256sum requirements.lock pyproject.toml 2>/dev/null | sha256sum | cut -c1-16)

ROOMS := bench components policies sandbox slipway

.PHONY: setup demo demo-flags demo-watch demo-aws demo-picture test test-quick test-real-provider check chaos lock bench-decisions bench-cost bench-peers bench-policies bench-rollouts bench-sources bench-autoscaling bench-fleet bench-preview bench-aws-sources

setup: $(STAMP)

$(STAMP):
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --no-deps --require-hashes -r requirements.lock   # the lock is whole: nothing is resolved anew
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e . --config-settings editable_mode=compat
	rm -f $(VENV)/.stamp-*
	touch $@

# Everything that can be said without running the program.
check: setup
	$(BIN)/ruff format --check -q .
	$(BIN)/ruff check -q .
	$(BIN)/mypy __main__.py $(ROOMS) tests
	$(BIN)/lint-imports
	@test $$(wc -l < __main__.py) -lt 60 || { echo "__main__.py has 60 lines or more"; exit 1; }

QUICK_TESTS := tests/unit tests/components tests/policies

# Integration tests that run at once: each waits more than it computes.
AT_ONCE := 3

# All tests. Those in tests/integration start the sandbox themselves. The few that fail are run again, alone.
test: setup
	$(BIN)/python -m tests.second_run -n auto --dist loadfile $(QUICK_TESTS)
	$(BIN)/python -m tests.second_run -n $(AT_ONCE) --dist loadfile -m "not alone" tests/integration
	$(BIN)/python -m tests.second_run -m alone tests/integration

# Without those that need the sandbox.
test-quick: setup
	$(BIN)/pytest -n auto --dist loadfile $(QUICK_TESTS)

# The releases suite on Pulumi's own Kubernetes provider, which the sandbox downloads or builds (a long build, once).
# A sandbox that runs goes down first and after, so that the next one has the stand-in again.
test-real-provider: setup
	$(BIN)/slipway sandbox down
	$(BIN)/slipway sandbox up --real-provider
	$(BIN)/pytest -n $(AT_ONCE) --dist loadfile -m "not alone" tests/integration/releases && \
	$(BIN)/pytest -m alone tests/integration/releases; \
	code=$$?; $(BIN)/slipway sandbox down; exit $$code

# The whole story on this machine: sandbox, releases, a bad one, a kill, a rollback. Writes out/demo/summary.json.
demo: setup
	$(BIN)/python -m sandbox.demo

# A feature that fails behind its flag, guards and writers that die. Writes out/demo/flags.json.
demo-flags: setup
	$(BIN)/python -m sandbox.demo flags

# A version that goes bad after it has all the traffic, watchers and runners that die. Writes out/demo/watch.json.
demo-watch: setup
	$(BIN)/python -m sandbox.demo watch

# Releases on ECS behind a load balancer of a local AWS, judged by Prometheus and by CloudWatch. Writes out/demo/aws.json.
demo-aws: setup
	$(BIN)/python -m sandbox.demo aws

# What the client of the last demo saw, as a picture: out/demo/rollout.png.
demo-picture: setup
	$(BIN)/python -m bench.demo_picture

# Seeded trials on the sandbox: processes die or sleep in the middle of a release, parts restart, the API server answers badly.
# CHAOS=200 does more and longer ones, SEED=n chooses others. Writes out/chaos/summary.json.
CHAOS ?= 20
chaos: setup
	$(BIN)/python -m sandbox.chaos --trials $(CHAOS) $(if $(SEED),--seed $(SEED))

# Decisions against Argo Rollouts, Flagger and Kayenta on simulated releases: a table, out/bench/decisions.json, plots.
bench-decisions: setup
	$(BIN)/python -m bench.decisions

# What a decision costs. Writes out/bench/cost.json.
bench-cost: setup
	$(BIN)/python -m bench.cost

# Real releases with Slipway, Argo Rollouts and Flagger side by side on the sandbox: an hour or more, and it goes on where it was
# stopped. QUICK=1 does one fault and one healthy release of each; SCRAPE=15 has a Prometheus that scrapes every 15 s, and
# Slipway by the proxies as well. Writes out/bench/peers.json (peers-15s.json) and two plots.
bench-peers: setup
	$(BIN)/python -m bench.peers $(if $(QUICK),--quick --fresh) $(if $(SCRAPE),--scrape $(SCRAPE))

# How fast a fault is noticed and how long a rollback takes, on the sandbox. Writes out/bench/rollouts.json.
bench-rollouts: setup
	$(BIN)/python -m bench.rollouts

# How soon a fault is noticed by where the counts come from, on the sandbox; RUNS=5 for medians. Writes out/bench/sources.json.
bench-sources: setup
	$(BIN)/python -m bench.sources $(if $(RUNS),--runs $(RUNS))

# Ready pods of both versions in twenty releases under a HorizontalPodAutoscaler, on the sandbox. No trial begins
# after 45 minutes. Writes out/bench/autoscaling.json.
bench-autoscaling: setup
	$(BIN)/python -m bench.autoscaling

# What the policy pack costs in a preview of 1,000 resources on the sandbox. Writes out/bench/policies.json.
bench-policies: setup
	$(BIN)/python -m bench.policies

# 1, 10, 100 and 300 rollouts in one provider process, against an API server and a Prometheus made for it. Three minutes
# on a quiet machine. Writes out/bench/fleet.json.
bench-fleet: setup
	$(BIN)/python -m bench.fleet

# CPU seconds of a preview of 1 and of 100 services on the sandbox. Writes out/bench/preview.json.
bench-preview: setup
	$(BIN)/python -m bench.preview

# How long a fault on ECS has traffic, by Prometheus and by CloudWatch. Six minutes. Writes out/bench/aws-sources.json.
bench-aws-sources: setup
	$(BIN)/python -m bench.aws_sources

lock:
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --all-extras --universal --python-version 3.11 pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --universal --python-version 3.11 sandbox/toolchain/openfeature/requirements.in -o sandbox/toolchain/openfeature/requirements.lock
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --universal --python-version 3.11 sandbox/toolchain/aws/requirements.in -o sandbox/toolchain/aws/requirements.lock
