"""The report of one release, from its record: one model with six parts, and its renderings. Pure."""
