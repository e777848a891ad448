"""Text given by a user as a pattern for `ilike`: any part of a name, nothing in it special."""


def like_pattern(text: str | None) -> str | None:
    if text is None:
        return None
    literal = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{literal}%"
