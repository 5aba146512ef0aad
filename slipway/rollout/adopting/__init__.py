"""Adopting a live service: reads what runs, says what stands in the way, and makes the manifest of it."""
