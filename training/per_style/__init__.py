"""Feed-forward networks for one painting or a few."""
