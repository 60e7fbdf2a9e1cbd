"""Networks as circles and lines: columns of neurons, read off a model and drawn."""
