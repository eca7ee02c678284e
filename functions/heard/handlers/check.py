"""POST /api/check: are these answers fit to be sent?"""

from heard.handlers.gateway import answering

handle = answering("check")
