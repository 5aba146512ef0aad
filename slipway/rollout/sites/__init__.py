"""What a kind of target brings: one file each, all behind the values in base.py."""
