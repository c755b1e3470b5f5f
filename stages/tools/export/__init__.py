"""Trained recipes as packages that need nothing of this repository."""
