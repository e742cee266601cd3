"""mmcheck measured against other model checkers on the same models; README.md says how."""
