"""A trained recipe as an HTTP service, on FastAPI and uvicorn."""
