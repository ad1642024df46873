"""A smaller `fast`, cut out of a trained one and taught by it; without VGG, so a step takes less than half a second."""
