"""POST /api/say: the person says more about their case."""

from heard.handlers.gateway import answering

handle = answering("say")
