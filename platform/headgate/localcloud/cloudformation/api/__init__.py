"""The operations of CloudFormation's API: parameters in, members of the answer out."""
