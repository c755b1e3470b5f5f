"""`dvc repro` over many cores and machines: its stages as tasks of Dask's scheduler."""
