"""What sources are made with: files from the network, TFDS, duplicates, the hash that texts are known by."""
