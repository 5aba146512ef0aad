"""`make demo-aws`: the releases of the demo on the sandbox's ECS, and a fault that CloudWatch tells of."""
