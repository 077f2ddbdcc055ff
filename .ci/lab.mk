# What the tests that run pipelines need beside the variables that the lab's `env` sets, if the team's lab is beside the
# checkout.

# What machines of their own would give: the cluster's pods go before the jobs and their Docker engine, and the ingress
# controller, which asks for no share of the CPU here, gets one, as NGINX's chart asks for.
test-e2e: lab-shares
.PHONY: lab-shares
lab-shares: engine = $(shell cat $(LAB_HOME)/run/dockerd.pid)
lab-shares:
	@for process in $(engine) $$(pgrep --parent $(engine)); do renice -n 19 -p $$(ls /proc/$$process/task); done >/dev/null
	@kubectl --namespace $(INGRESS_NAMESPACE) set resources deployment/ingress --requests cpu=200m,memory=64Mi >/dev/null
	@kubectl --namespace $(INGRESS_NAMESPACE) rollout status deployment/ingress --timeout 2m >/dev/null

# The image in which the signing key is generated, before the first pipeline makes all that its jobs name
test-e2e test-release: lab-image
.PHONY: lab-image
lab-image:
	@../shared/lab/images.sh python_full >/dev/null
