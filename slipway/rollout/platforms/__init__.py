"""Where workloads run and where the journal lies: one package a platform, behind the protocols in base.py."""
