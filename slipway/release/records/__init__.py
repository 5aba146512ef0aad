"""What is remembered of releases: the journal of a service's rollouts, and which release a rollback goes back to."""
