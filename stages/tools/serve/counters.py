"""What a service counts, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Metrics:
    """In a registry of its own, so that one process can hold several services."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self.requests = Counter(
            "seqstudy_requests", "Requests that were answered", ["path", "status"], registry=registry
        )
        self.seconds = Histogram(
            "seqstudy_request_seconds",
            "From a request's head to the end of its answer",
            ["path"],
            buckets=SECONDS,
            registry=registry,
        )
        self.texts = Counter("seqstudy_texts", "Texts that were classified", registry=registry)
        self.batches = Histogram(
            "seqstudy_batch_texts", "Texts in a call of the model", buckets=TEXTS, registry=registry
        )
        self.waiting = Gauge("seqstudy_waiting_texts", "Texts that wait for the model", registry=registry)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)
