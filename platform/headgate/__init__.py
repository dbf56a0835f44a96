"""Headgate: an MLOps platform that runs on AWS and, from the same code, on a laptop."""

__version__ = "0.1.0"
