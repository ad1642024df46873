"""GPUs. Nobody has seen these paths run yet: experimental."""
