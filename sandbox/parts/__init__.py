"""The daemons of the sandbox, one module for each group of them."""
