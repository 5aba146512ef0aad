"""Feature flags and kill switches: what a project declares of them, and what follows from kills and exposures. Pure but
for reading files."""
