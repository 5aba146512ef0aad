"""Rules of a Prometheus server: brought there, and seen evaluated."""
