"""The story of a live service that is adopted, released, rolled back and given back."""
