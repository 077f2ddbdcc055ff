"""Timeline of a release by Flux: the seconds from its publication to each step, from the cluster's own timestamps."""

from datetime import datetime

from tests.cluster.cluster import Namespace, Object


def timeline(namespace: Namespace, version: str, published: datetime) -> dict[str, float]:
    """Return the seconds from the publication to each step. Kubernetes' timestamps have whole seconds."""
    (source,) = namespace.get("ocirepositories")
    (release,) = namespace.get("helmreleases")
    (job,) = namespace.get("jobs", "--selector", "app.kubernetes.io/component=migrations")
    (migration,) = namespace.get("pods", "--selector", "app.kubernetes.io/component=migrations")
    pods = [pod for pod in namespace.pods() if pod["metadata"]["labels"]["app.kubernetes.io/version"] == version]
    first = min(pods, key=_ready)
    times = {
        "Flux found the chart": source["status"]["artifact"]["lastUpdateTime"],
        "migration Job was created": job["metadata"]["creationTimestamp"],
        "migration started": migration["status"]["containerStatuses"][0]["state"]["terminated"]["startedAt"],
        "migration Job succeeded": job["status"]["completionTime"],
        "first web pod was created": first["metadata"]["creationTimestamp"],
        "first web pod was started": first["status"]["containerStatuses"][0]["state"]["running"]["startedAt"],
        "first web pod was ready": _ready(first),
        "last web pod was ready": max(map(_ready, pods)),
        "Helm test passed, release is ready": _condition(release, "Ready"),
    }
    return {step: (datetime.fromisoformat(at) - published).total_seconds() for step, at in times.items()}


def _condition(item: Object, kind: str) -> str:
    """Return the time at which a condition last changed."""
    return next(str(each["lastTransitionTime"]) for each in item["status"]["conditions"] if each["type"] == kind)


def _ready(pod: Object) -> str:
    return _condition(pod, "Ready")
