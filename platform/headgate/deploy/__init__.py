"""Deploying: assets, change sets and the organization's own settings, one path for AWS and the local cloud."""
