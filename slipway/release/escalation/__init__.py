"""Escalations as plain values: what happened, who is told by which receivers, and how far the telling has come."""
