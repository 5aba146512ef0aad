"""What PostgreSQL migrations do: additive, breaking, or moving data. Parsed by PostgreSQL's own grammar."""
