"""Deployments, Leases and ConfigMaps of a Kubernetes cluster."""
