"""What trained models are worth: what they say of texts, and how good that is."""
