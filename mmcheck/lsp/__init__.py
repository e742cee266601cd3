"""The language server: what `editing` knows, told in the Language Server Protocol."""
