"""What the tokenizers share: their interface, and a wrapper of Hugging Face's library `tokenizers`."""
