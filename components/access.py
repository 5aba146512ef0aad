"""The rights that running rollouts needs in one namespace, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.objects import Role, RoleBinding, ServiceAccount
from slipway.release.rollout_rights import FOLLOWER_RULES, PROXY_RULES, RULES, RoleRule
from slipway.release.tokens import ROLLOUT_ACCESS


@dataclass(kw_only=True, frozen=True)
class RolloutAccessArgs:
    """`service_account` is made in `namespace` and bound to a Role. With `runner`, the account of rollouts that run in
    the cluster, that one gets the rights of a rollout, and `service_account` only those to start and follow them."""

    namespace: pulumi.Input[str]
    service_account: str = "slipway-rollout"
    runner: str | None = None
    proxies: str | None = None
    """The namespace of the gateway's proxies, where both accounts may read their statistics; None where none is
    needed."""


class RolloutAccess(pulumi.ComponentResource):
    """ServiceAccount, Role and RoleBinding for the rollout provider, and for the Jobs of rollouts in the cluster."""

    service_account: ServiceAccount
    role: Role
    binding: RoleBinding

    def __init__(self, name: str, args: RolloutAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Raises ValueError when both accounts are the same one."""
        if args.runner == args.service_account:
            raise ValueError(f"{name}: the account of pulumi up and that of the Jobs must be two, not {args.runner}")
        super().__init__(ROLLOUT_ACCESS, name, {}, opts)
        rules = RULES if args.runner is None else FOLLOWER_RULES
        made = self._bound(name, args.service_account, args.namespace, rules)
        self.service_account, self.role, self.binding = made
        if args.runner is not None:
            self._bound(f"{name}-runner", args.runner, args.namespace, RULES)
        if args.proxies is not None:
            accounts = [one for one in (args.service_account, args.runner) if one is not None]
            self._readers(name, accounts, args.namespace, args.proxies)
        outputs = {"serviceAccount": args.service_account, "runner": args.runner}
        self.register_outputs({key: value for key, value in outputs.items() if value is not None})

    def _bound(
        self, name: str, account: str, namespace: pulumi.Input[str], rules: Sequence[RoleRule]
    ) -> tuple[ServiceAccount, Role, RoleBinding]:
        meta = {"name": account, "namespace": namespace}
        child = pulumi.ResourceOptions(parent=self)
        made = ServiceAccount(name, {"metadata": meta, "automountServiceAccountToken": False}, child)
        role = Role(name, {"metadata": meta, "rules": _rules(rules)}, child)
        bound = {
            "metadata": meta,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account},
            "subjects": [{"kind": "ServiceAccount", **meta}],
        }
        return made, role, RoleBinding(name, bound, pulumi.ResourceOptions(parent=self, depends_on=[made, role]))

    def _readers(self, name: str, accounts: Sequence[str], namespace: pulumi.Input[str], where: str) -> None:
        """A Role of its own beside the proxies: it reads every port of the pods there, by GET alone."""
        meta = {"name": f"{accounts[0]}-proxies", "namespace": where}
        child = pulumi.ResourceOptions(parent=self)
        role = Role(f"{name}-proxies", {"metadata": meta, "rules": _rules(PROXY_RULES)}, child)
        bound = {
            "metadata": meta,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": meta["name"]},
            "subjects": [{"kind": "ServiceAccount", "name": one, "namespace": namespace} for one in accounts],
        }
        RoleBinding(f"{name}-proxies", bound, pulumi.ResourceOptions(parent=self, depends_on=[role]))


def _rules(rules: Sequence[RoleRule]) -> list[dict[str, object]]:
    return [{"apiGroups": [one.group], "resources": list(one.resources), "verbs": list(one.verbs)} for one in rules]


def declare_access(
    account: str, runner: str | None, namespace: str, opts: pulumi.ResourceOptions, proxies: str | None = None
) -> pulumi.ResourceOptions:
    """Declare the rights in a stack. Returns the options of what is released there: with a `runner` it comes after
    them, as no pod of a Job starts without its account."""
    args = RolloutAccessArgs(namespace=namespace, service_account=account, runner=runner, proxies=proxies)
    made = RolloutAccess(account, args, opts)
    if runner is None:
        return opts
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[made]))
