"""Existing CI output as evidence: read with bounds, verified by declared keys or identities, bound to a digest.

Nothing heavy is imported here: the readers import their libraries when they are called.
"""
