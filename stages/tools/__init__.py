"""For people: none of these is a stage. `python -m stages.tools.<name> --help` says more."""
