"""Heard as people meet it: the real host, driven through a real Chromium."""
