"""What the tokenizers share: their interface, a wrapper of Hugging Face's library `tokenizers`, counting and
encoding block by block."""
