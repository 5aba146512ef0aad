"""The rights of whoever runs rollouts in one namespace, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.objects import Role, RoleBinding, ServiceAccount
from slipway.release.rollout_rights import RULES
from slipway.release.tokens import ROLLOUT_ACCESS


@dataclass(kw_only=True, frozen=True)
class RolloutAccessArgs:
    """`service_account` is made in `namespace` and bound to the Role."""

    namespace: pulumi.Input[str]
    service_account: str = "slipway-rollout"


class RolloutAccess(pulumi.ComponentResource):
    """ServiceAccount, Role and RoleBinding for the rollout provider."""

    service_account: ServiceAccount
    role: Role
    binding: RoleBinding

    def __init__(self, name: str, args: RolloutAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(ROLLOUT_ACCESS, name, {}, opts)
        account = {"name": args.service_account, "namespace": args.namespace}
        child = pulumi.ResourceOptions(parent=self)
        self.service_account = ServiceAccount(name, {"metadata": account, "automountServiceAccountToken": False}, child)
        rules = [
            {"apiGroups": [rule.group], "resources": list(rule.resources), "verbs": list(rule.verbs)} for rule in RULES
        ]
        self.role = Role(name, {"metadata": account, "rules": rules}, child)
        bound = {
            "metadata": account,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": args.service_account},
            "subjects": [{"kind": "ServiceAccount", **account}],
        }
        after = pulumi.ResourceOptions(parent=self, depends_on=[self.service_account, self.role])
        self.binding = RoleBinding(name, bound, after)
        self.register_outputs({"serviceAccount": args.service_account})
