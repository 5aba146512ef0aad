"""The Pulumi plugin: gRPC in, calls of `slipway.rollout` out."""
