"""Threads and queues that frames pass through, and how long each stage takes."""
