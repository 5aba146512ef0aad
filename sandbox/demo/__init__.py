"""`make demo`: a service is released, aborted, interrupted and rolled back on the sandbox, under constant traffic."""
