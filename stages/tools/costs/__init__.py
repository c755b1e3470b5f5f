"""What accuracy costs: test accuracies against seconds."""
