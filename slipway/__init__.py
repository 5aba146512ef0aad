"""Reliable releases with Pulumi: the engine. The program's own folders are `components` and `policies`."""
