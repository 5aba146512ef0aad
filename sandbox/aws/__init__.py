"""What the local AWS of the sandbox adds to the emulators that it is made of.

Each folder is a program of its own that runs with the packages of `sandbox/toolchain/aws`, never with those of the
project: `ecs` is ours alone, `elb` is moto with a data plane, `rest` is ministack. Nothing here is imported by them.
"""

ACCOUNT = "123456789012"
REGION = "eu-central-1"
"""Of every ARN here; a client of another region sees other load balancers, and the same ECS."""
