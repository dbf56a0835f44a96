"""AWS Step Functions: Amazon States Language, interpreted durably on the virtual clock."""
