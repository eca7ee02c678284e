"""POST /api/send: accept a submission."""

from heard.handlers.gateway import answering

handle = answering("send")
