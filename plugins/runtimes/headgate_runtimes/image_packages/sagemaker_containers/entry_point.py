"""Scripts import this module to have it; the platform starts them."""
