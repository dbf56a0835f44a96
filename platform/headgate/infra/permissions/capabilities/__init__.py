"""What can be done, as named capabilities by subject."""
