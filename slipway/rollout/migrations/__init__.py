"""Runs migrations in a service's database, and keeps there which ones were applied."""
