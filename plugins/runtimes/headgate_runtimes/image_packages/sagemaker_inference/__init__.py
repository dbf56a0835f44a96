"""What inference scripts import of the inference toolkit."""
