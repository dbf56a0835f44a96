"""What runs inside Lambda. Standard library and boto3 only: this package ships alone."""
