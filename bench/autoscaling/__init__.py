"""Releases of services that a HorizontalPodAutoscaler scales, in seeded trials on the sandbox."""
