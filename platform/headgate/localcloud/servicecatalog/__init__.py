"""AWS Service Catalog: portfolios, products, and launches that are real CloudFormation stacks."""
