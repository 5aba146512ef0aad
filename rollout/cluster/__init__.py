"""What the rollout reads and writes in the cluster beside the route: pods, Lease, journal and intents."""
