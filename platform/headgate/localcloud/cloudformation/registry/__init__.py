"""The CloudFormation registry: schemas of resource types, and properties checked against them."""
