"""What an intake's section names on disk."""

from pathlib import Path

from detector.config.loaded import ConfigErrors
from detector.config.problems import Problem
from detector.config.sections.reading import IntakeSection
from detector.intake import mappings
from rules.intake.mapping import AlertMapping


def mapping_of(section: IntakeSection) -> AlertMapping | None:
    """The mapping that the section names; None where it names none.

    Raises:
        ConfigErrors: Its file cannot be used any more; the configuration was checked a moment ago.
    """
    try:
        if section.mapping:
            return mappings.load(Path(section.mapping))
        return mappings.preset(section.preset) if section.preset else None
    except mappings.MappingRefused as error:
        raise ConfigErrors(error.problems) from None


def certificates_of(section: IntakeSection) -> bytes:
    """The certificates that the section names; nothing where it names none.

    Raises:
        ConfigErrors: Their file cannot be read any more.
    """
    try:
        return Path(section.certificate_file).read_bytes() if section.certificate_file else b""
    except OSError as error:
        message = f"cannot read {section.certificate_file}: {error.strerror or type(error).__name__}"
        raise ConfigErrors([Problem(message=message)]) from None
