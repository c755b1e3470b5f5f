"""Labels for texts, on the command line and in tables."""
