"""What `import streamstyle` offers to programs; the names are listed in streamstyle/__init__.py."""
