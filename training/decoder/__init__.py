"""The decoder of `vgg19`, by the paper's losses."""
