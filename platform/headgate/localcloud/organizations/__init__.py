"""AWS Organizations: accounts, organizational units, service control policies, and what they share."""
