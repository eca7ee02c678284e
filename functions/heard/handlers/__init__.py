"""Lambda entry points. Each module is one function: `handle(event, context)`."""
