# shellcheck shell=sh
# What scripts that use Docker share about the registry, in POSIX sh.

# log_in: as the job; on a laptop, who `docker login` was. REGISTRY_INSECURE=true: the registry speaks plain HTTP, as in a
# rehearsal (default: false), which only the configuration of a builder can tell the client.
log_in() {
  registry_builder=
  [ -z "${CI_REGISTRY_PASSWORD:-}" ] ||
    printf %s "$CI_REGISTRY_PASSWORD" | docker login --username "$CI_REGISTRY_USER" --password-stdin "$CI_REGISTRY" 2>/dev/null
  [ "${REGISTRY_INSECURE:-false}" = true ] || return 0
  printf '[registry."%s"]\nhttp = true\n' "$CI_REGISTRY" >/tmp/registry.toml
  tls=$DOCKER_CERT_PATH
  docker context create engine --docker "host=$DOCKER_HOST,ca=$tls/ca.pem,cert=$tls/cert.pem,key=$tls/key.pem" >/dev/null
  docker buildx create --name insecure --buildkitd-config /tmp/registry.toml engine >/dev/null
  registry_builder="--builder insecure"
}

# imagetools …: reads or names what is in the registry
imagetools() {
  # shellcheck disable=SC2086  # an option or nothing
  docker buildx $registry_builder imagetools "$@"
}

# digest_of IMAGE:TAG: prints sha256:… of what is there; nothing where there is nothing
digest_of() {
  if found=$(imagetools inspect "$1" 2>&1); then
    echo "$found" | sed -n 's/^Digest: *//p'
  else
    case $found in
    *"not found"*) ;;
    *) echo "$found" >&2 && exit 1 ;;
    esac
  fi
}
