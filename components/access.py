"""The rights of whoever runs rollouts in one namespace, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import ServiceAccount
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs, Role, RoleBinding, RoleRefArgs, SubjectArgs

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
        metadata = ObjectMetaArgs(name=args.service_account, namespace=args.namespace)
        child = pulumi.ResourceOptions(parent=self)
        self.service_account = ServiceAccount(
            name, metadata=metadata, automount_service_account_token=False, opts=child
        )
        rules = [
            PolicyRuleArgs(api_groups=[rule.group], resources=list(rule.resources), verbs=list(rule.verbs))
            for rule in RULES
        ]
        self.role = Role(name, metadata=metadata, rules=rules, opts=child)
        self.binding = RoleBinding(
            name,
            metadata=metadata,
            role_ref=RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name=args.service_account),
            subjects=[SubjectArgs(kind="ServiceAccount", name=args.service_account, namespace=args.namespace)],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.service_account, self.role]),
        )
        self.register_outputs({"serviceAccount": args.service_account})
