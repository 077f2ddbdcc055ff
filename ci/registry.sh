# shellcheck shell=sh
# Functions of the scripts that push images, in POSIX sh. They need docker and skopeo.

# log_in: as the job; on a laptop `docker login` was run before. All other programs find its answer.
# REGISTRY_INSECURE=true: the registry speaks plain HTTP (default: false).
log_in() {
  case ${REGISTRY_INSECURE:-false} in true) verify=false ;; *) verify=true ;; esac
  [ -n "${CI_REGISTRY_PASSWORD:-}" ] || return 0
  answer=$(printf %s "$CI_REGISTRY_PASSWORD" | docker login --username "$CI_REGISTRY_USER" --password-stdin "$CI_REGISTRY" 2>&1) ||
    { echo "$answer" >&2 && exit 1; }
}

# digest_of IMAGE:TAG: prints sha256:… of the published image; nothing if there is none
digest_of() {
  if found=$(skopeo inspect --no-tags --tls-verify="$verify" --format '{{.Digest}}' "docker://$1" 2>&1); then
    echo "$found" | grep '^sha256:'
  else
    case $found in
    *"manifest unknown"* | *"name unknown"* | *"repository name not known"*) ;;
    *) echo "$found" >&2 && exit 1 ;;
    esac
  fi
}

# name_image IMAGE@DIGEST IMAGE:TAG: gives an image that is published another name, with the same bytes
name_image() {
  skopeo copy --quiet --all --preserve-digests --src-tls-verify="$verify" --dest-tls-verify="$verify" "docker://$1" "docker://$2"
}
