# What the targets that run the whole pipeline or the whole loop need, where the team's lab is beside the checkout. Each is
# a variable that anybody can set to something of their own: `make loop` names those that are missing. Where neither the
# lab nor a KUBECONFIG is, tests/loop/laptop/laptop.sh sets them.
lab := $(abspath ../shared/lab)

# Runs .gitlab-ci.yml as GitLab would: PIPELINE EVENT DIR [OPTION…]; it gets what the cluster leaves over, see lab-shares
export PIPELINE ?= nice -n 19 $(lab)/pipeline.sh
# Makes an empty repository of that name, which Flux and the pipeline reach, and prints its address: NEW_REPOSITORY NAME
export NEW_REPOSITORY ?= $(lab)/flux.sh repo
# An address of this machine that containers reach
export CONTAINERS_REACH ?= 10.99.0.1
# The environments are at dev.DOMAIN, …; INGRESS_ADDRESS is where the ingress controller takes https
export DOMAIN ?= app.lab
export INGRESS_ADDRESS ?= 127.0.0.1:30443
# The ACME authority, the authority of its own certificate, and what prints the root of those that it issues
export ACME_SERVER ?= https://acme.lab:14000/dir
export ACME_CA_BUNDLE ?= $(LAB_HOME)/pki/ca.crt
export ROOT_CERTIFICATE ?= $(lab)/ingress.sh root
export INGRESS_NAMESPACE ?= ingress
# Where Flux's receivers are, as containers reach them
export RECEIVER_ADDRESS ?= http://$(CONTAINERS_REACH):30292
# Charts, and values that point them at images to be had
export CHARTS_PLAIN_HTTP ?= true
export CERT_MANAGER_CHART ?= oci://$(REGISTRY)/mirror/cert-manager
export CERT_MANAGER_VALUES ?= $(LAB_HOME)/mirror/cert-manager.yaml
export SEALED_SECRETS_CHART ?= oci://$(REGISTRY)/mirror/sealed-secrets
export SEALED_SECRETS_VALUES ?= $(LAB_HOME)/mirror/sealed-secrets.yaml

# What machines of their own would give: the cluster's pods go before the jobs and their Docker engine, and the ingress
# controller, which asks for no share of the CPU here, gets one, as NGINX's chart asks for.
loop: lab-shares
.PHONY: lab-shares
lab-shares: engine = $(shell cat $(LAB_HOME)/run/dockerd.pid)
lab-shares:
	@for process in $(engine) $$(pgrep --parent $(engine)); do renice -n 19 -p $$(ls /proc/$$process/task); done >/dev/null
	@kubectl --namespace $(INGRESS_NAMESPACE) set resources deployment/ingress --requests cpu=200m,memory=64Mi >/dev/null
	@kubectl --namespace $(INGRESS_NAMESPACE) rollout status deployment/ingress --timeout 2m >/dev/null

# What the jobs run in, made once a machine
loop test-release: lab-images
.PHONY: lab-images
lab-images:
	@$(lab)/images.sh ci >/dev/null
