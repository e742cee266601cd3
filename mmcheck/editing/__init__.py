"""What an editor asks about a text, as functions of what was read: they know no protocol and no editor."""
