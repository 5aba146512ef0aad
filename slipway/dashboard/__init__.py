"""What is going on now, for people who look on: one local page, and the values that the terminal's view shares with it.

Nothing here writes, and nothing but `slipway.rollout.overview` is read.
"""
