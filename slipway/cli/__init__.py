"""The `slipway` command, one file a subcommand; `engine` alone starts Pulumi."""
