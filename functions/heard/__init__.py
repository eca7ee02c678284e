"""Heard: what happens to a submission to a council's children's services, from the form to the queue and back."""

__version__ = "0.1.0"
