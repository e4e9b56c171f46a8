"""The server: ``uvicorn pizzabar.app:app``, set up by ``PIZZABAR_…`` environment variables."""

from pizzabar.settings import Settings
from pizzabar.wire.http import Server

app = Server(Settings.from_environment)
