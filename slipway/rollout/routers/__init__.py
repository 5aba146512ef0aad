"""Routers: one file each, all behind the protocol in base.py; slipway.rollout.assemble chooses one by the target."""
