"""What the sandbox releases and who uses it: a sample service, its images and a load generator."""
