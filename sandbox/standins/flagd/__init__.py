"""A stand-in for flagd: hands the flags of one Kubernetes object to in-process providers, as flagd's sync port does.

It evaluates nothing: the providers do that. See README.md in the folder above for what it leaves out.
"""

BIND = "SLIPWAY_FLAGD_BIND"
"""The variable that names the address to listen on; without it that is loopback."""
