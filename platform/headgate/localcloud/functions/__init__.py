"""Lambda functions that really run: handlers in processes of their own, with their role's credentials."""
