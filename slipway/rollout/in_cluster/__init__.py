"""A rollout in a Job of the cluster: who orders and follows it, and what its process reports."""
