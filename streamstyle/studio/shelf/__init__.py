"""What the studio keeps: the queue of files, the own styles and their thumbnails, and saved looks."""
