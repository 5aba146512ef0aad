"""AWS: a state store in DynamoDB, ECS behind an Application Load Balancer. Needs the extra `aws`."""
