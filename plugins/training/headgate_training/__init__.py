"""A built-in plugin of Headgate."""
