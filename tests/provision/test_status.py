"""`make status`: a line for each environment, whatever its cluster says."""

from tests.provision.checkout import Checkout


def test_table(checkout: Checkout, cluster: dict[str, str]) -> None:
    """Each environment should have its line: range, version, last change, and whether it is healthy."""
    result = checkout.run("status", **cluster)

    assert result.returncode == 0, result.stderr
    head, *lines = result.stdout.splitlines()
    assert head.split() == ["environment", "range", "version", "last", "change", "healthy"]
    assert [line.split()[0] for line in lines] == ["dev", "staging", "prod"]
    assert all(len(line.split()) >= 5 for line in lines)


def test_no_cluster(checkout: Checkout) -> None:
    """Where there is no kubeconfig, one line should say so."""
    result = checkout.run("status", KUBECONFIG="/none")

    assert result.returncode == 2
    assert result.stderr == (
        "status: KUBECONFIG: no context in /none; expected the file that the clusters are reached with\n"
    )
