"""The provider's side of the watchdog."""

from __future__ import annotations

from rollout.guard import stripped


def test_the_watchdog_gets_what_reaches_the_cluster_and_no_secret_of_the_program() -> None:
    given = {
        "PATH": "/bin",
        "KUBECONFIG": "k",
        "AWS_PROFILE": "p",
        "PULUMI_CONFIG_PASSPHRASE": "x",
        "PULUMI_CONFIG": "y",
    }
    assert stripped(given) == {"PATH": "/bin", "KUBECONFIG": "k", "AWS_PROFILE": "p"}
