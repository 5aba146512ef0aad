"""What the gates ask of the world: the journal, the registry and the error budget."""
