"""What a browser sees of a page, and what it would send with its forms."""

import html.parser

VOID = {"meta", "link", "input", "br", "img", "hr"}


class Reader(html.parser.HTMLParser):
    """Reads a page as a browser would: which elements, which attributes, which text, what its forms hold."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.sent: dict[str, str] = {}
        self.by_form: dict[str, dict[str, str]] = {}  #: address of each form to what it would send
        self._form: dict[str, str] = {}
        self._inside = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.append((tag, named))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "form":
            self._form = self.by_form.setdefault(named.get("action") or "", {})
        name, value = named.get("name"), named.get("value") or ""
        if tag == "option" and "selected" in named:
            self._holds(self._inside, value)
        if name and tag in ("textarea", "select"):
            self._inside = name
            self._holds(name, "")
        if name and tag == "input" and (named.get("type") != "checkbox" or "checked" in named):
            self._holds(name, value)

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag
        if tag == "textarea":
            self._holds(self._inside, self._form.get(self._inside, "").removeprefix("\n"))

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.open and self.open[-1] == "textarea":
            self._holds(self._inside, self._form.get(self._inside, "") + data)

    def _holds(self, name: str, value: str) -> None:
        self._form[name] = self.sent[name] = value

    def names(self) -> list[str]:
        """Every element's name, in order."""
        return [tag for tag, _ in self.tags]

    @property
    def words(self) -> str:
        """The text with single blanks."""
        return " ".join(self.text.split())
