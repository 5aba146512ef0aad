"""What happens during `pulumi up`: the provider of `slipway:index:Rollout`."""
