"""The roof: params.yaml as a whole, how conf/ becomes it, and how a stage gets its entry. It knows every
section; no stage depends on it, since it refuses and never changes a number."""
