"""The server side of the bench. Light: torch, polars and plugins are imported only by what needs them."""
