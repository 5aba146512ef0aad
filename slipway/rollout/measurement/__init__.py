"""From the counters of a metrics source to the counts of a tick, the decision and its record."""
