"""StackSets: one template in many accounts and regions, by hand or as accounts enter organizational units."""
