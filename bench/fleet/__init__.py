"""Hundreds of rollouts in one provider process, against an API server and a Prometheus that are made for it."""
