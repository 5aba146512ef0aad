"""What the rollouts of one process share: the clock, the right to write, connections and answers."""
