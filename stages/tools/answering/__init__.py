"""What several tools ask a trained recipe about new texts, and how its answers are told."""
