"""Ways to keep, queue and send, named by their technology. Only wiring imports them."""
