"""Scripts import this module to have it; the platform does what it did."""
