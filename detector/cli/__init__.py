"""The command ``tocsin``. Each verb is a module that is imported only when it is used."""


def main() -> None:
    """Entry point of the console script."""
    from detector.cli.group import tocsin  # inside: importing this package must cost nothing

    tocsin(prog_name="tocsin")
