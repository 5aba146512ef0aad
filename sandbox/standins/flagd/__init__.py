"""A stand-in for flagd: hands the flags of one Kubernetes object to in-process providers, as flagd's sync port does.

It evaluates nothing: the providers do that. See README.md in the folder above for what it leaves out.
"""
