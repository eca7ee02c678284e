"""The one-machine host: Flask under waitress, with a thread that delivers."""
