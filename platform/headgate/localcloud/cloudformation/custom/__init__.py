"""Custom resources: requests to Lambda functions and topics, and the answers to their response URLs."""
