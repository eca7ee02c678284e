"""POST /api/follow: what has become of it?"""

from heard.handlers.gateway import answering

handle = answering("follow")
