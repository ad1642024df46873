"""What `streamstyle ...` runs."""
