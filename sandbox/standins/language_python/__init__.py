"""A stand-in for ``pulumi-language-python``, the host that runs Python programs and plugins for Pulumi."""
