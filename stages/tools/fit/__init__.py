"""From a file of one's own texts to models that were compared."""
