"""`fast`, by the critic of correlations: any painting, and the built-in styles."""
