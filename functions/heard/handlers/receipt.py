"""POST /api/receipt: the receipt again, as a file."""

from heard.handlers.gateway import answering

handle = answering("receipt")
