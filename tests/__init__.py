"""The tests mirror the tree: tests/test_<module>.py; those marked `slow` train models or run DVC."""
