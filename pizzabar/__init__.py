"""A local-first emulator of event-driven WebSocket back ends on AWS."""

__version__ = "0.1.0"
