"""`python -m sandbox.demo flags`: a feature behind a flag fails among its first users, and is off for all of them."""
