"""Files become tables, tables become interactions with classes; ``importing.open_interactions`` does it all."""
