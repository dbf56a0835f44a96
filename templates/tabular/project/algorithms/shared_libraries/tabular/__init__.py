"""What the steps of this project share. Each step's code is shipped together with this package."""
