"""The skin of HTTP and WebSocket."""
