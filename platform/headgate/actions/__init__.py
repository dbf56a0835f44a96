"""What people do: the one way in for the command line and the console."""
