"""The local world on real parts: a Kubernetes node, a gateway, metrics and a registry, with nothing but this machine.

Only tests, benchmarks and the command line's ``sandbox`` command import this room.
"""
