"""Slipway, Argo Rollouts and Flagger on the same cluster, under the same traffic, with the same faults."""
