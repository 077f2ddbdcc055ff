# shellcheck shell=sh
# Functions of the scripts that push images with Docker, in POSIX sh.

# log_in: as the job; on a laptop `docker login` was run before. REGISTRY_INSECURE=true: the registry speaks plain HTTP
# (default: false). `imagetools` learns that only from the configuration of a builder, which is never started.
log_in() {
  if [ -n "${CI_REGISTRY_PASSWORD:-}" ]; then
    answer=$(printf %s "$CI_REGISTRY_PASSWORD" | docker login --username "$CI_REGISTRY_USER" --password-stdin "$CI_REGISTRY" 2>&1) ||
      { echo "$answer" >&2 && exit 1; }
  fi
  [ "${REGISTRY_INSECURE:-false}" = true ] || return 0
  BUILDX_CONFIG=$(mktemp -d)
  export BUILDX_CONFIG
  printf '[registry."%s"]\nhttp = true\n' "$CI_REGISTRY" >"$BUILDX_CONFIG/buildkitd.default.toml"
  docker buildx create --name insecure --driver docker-container >/dev/null
}

# imagetools …: reads from the registry, or names what is in it
imagetools() {
  docker buildx ${BUILDX_CONFIG:+--builder insecure} imagetools "$@"
}

# digest_of IMAGE:TAG: prints sha256:… of the published image; nothing if there is none
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
