"""How fast this is beside the lessons' notebooks: `python -m stages.tools.bench`."""
