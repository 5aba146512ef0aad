"""Which migrations run where: the stack's databases, what a release applies, what a rollback undoes."""
