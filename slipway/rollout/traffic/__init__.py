"""Moving the traffic of one service: transitions, shares, the way back, and whether it is in force."""
