"""What callers are shown: the models of the answers, made from domain objects and rows."""
