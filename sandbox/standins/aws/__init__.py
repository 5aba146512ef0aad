"""A stand-in for Pulumi's AWS provider: the types of one table, by boto3, against a local AWS and no other."""
