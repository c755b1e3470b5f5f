"""The ground: files, processes, the command line, strict reading. It knows no section of params.yaml, and no
stage depends on it, since it refuses, locks and writes but never changes a number."""
