"""Artifacts read and written piece by piece, as a corpus may be larger than the memory: the files of
artifacts/, byte for byte."""
