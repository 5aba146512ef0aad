"""What keeps a rollout safe when its process dies, sleeps or loses its Lease."""
