"""What can be done on the Data screen."""

from cfbench.tui.commands import Command

ACTIONS = (
    Command("data.open", "o", "open", "pick a file of ratings"),
    Command("data.paste", "p", "paste path", "type or paste the path of a file of ratings"),
    Command("data.named", "d", "data sets", "choose a data set by its name"),
    Command("data.items", "i", "items", "join a table of items, for their titles and fields"),
    Command("data.role", "c", "columns", "say what the chosen column means"),
    Command("data.users", "U", "users", "join a table of users, for their fields"),
    Command("data.use", "enter", "use", "go on to the loader with these data"),
)
