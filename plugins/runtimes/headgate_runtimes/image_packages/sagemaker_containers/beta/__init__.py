"""The containers' framework helpers."""
