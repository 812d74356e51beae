"""Values in quotes, with escapes, in linear time whatever they hold."""


def quoted(text: str, start: int, escapable: str = '"\\') -> tuple[str | None, int]:
    """The value from *start* to the next quote that is not escaped.

    Args:
        start: Index of the first character behind the opening quote.
        escapable: A backslash before one of these stands for the character; before any other for itself.

    Returns:
        (value, index behind the closing quote); (None, length of text) if the quote is never closed.
    """
    parts: list[str] = []
    end = text.find('"', start)
    while end >= 0:
        escape = text.find("\\", start, end)
        if escape < 0:
            parts.append(text[start:end])
            return "".join(parts), end + 1
        parts.append(text[start:escape])
        following = text[escape + 1 : escape + 2]
        parts.append(following if following in escapable else f"\\{following}")
        start = escape + 2
        if start > end:  # the quote was the escaped character; searching anew each time would be quadratic
            end = text.find('"', start)
    return None, len(text)
