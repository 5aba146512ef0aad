"""Telling the owner on call: the outbox that is written before the first try, and what sends from it."""
