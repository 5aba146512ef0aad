"""The exposure of a flag as a rollout: a variant for a growing share of the users, judged at each step."""
