"""Adopting a live service."""
