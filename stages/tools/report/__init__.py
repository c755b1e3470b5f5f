"""An experiment as a page to read: what it was trained on, which recipe is chosen, where that one fails."""
