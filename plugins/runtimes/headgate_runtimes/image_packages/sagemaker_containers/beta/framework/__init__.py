"""Content types, encoders and responses for inference scripts."""
