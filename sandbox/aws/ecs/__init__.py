"""Amazon ECS, as much of it as a service behind a load balancer needs. Its tasks are pods of the sandbox's node: real
containers with addresses, exit codes and signals. What it does not know it refuses by name."""
