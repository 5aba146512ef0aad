"""A stand-in for ``pulumi-resource-kubernetes``, the provider of any Kubernetes object by server-side apply."""
