"""Would anybody hear of it when the store itself is down?"""

from collections.abc import Iterator

from detector.config.problems import Level, Problem, did_you_mean
from detector.config.records import Config
from detector.config.values import LOCAL_SCHEMES


def check_emergency(config: Config) -> Iterator[Problem]:
    """The receiver is one, is read inside, and does not lie on the very disk that may be full."""
    name = config.emergency.receiver
    if not name:
        return
    found = next((one for one in config.receivers if one.name == name), None)
    if found is None:
        names = [one.name for one in config.receivers]
        message = f'emergency.receiver: there is no receiver "{name}"{did_you_mean(name, names)}'
        yield Problem(path=("emergency", "receiver"), at_value=True, message=message, allowed=tuple(names))
    elif found.external:
        message = f'receiver "{name}" is read outside of your organisation: name one that is read inside'
        yield Problem(path=("emergency", "receiver"), at_value=True, message=message)
    elif found.url.reveal().partition("://")[0] in LOCAL_SCHEMES:
        message = f'receiver "{name}" tells nobody who does not look at this machine'
        yield Problem(level=Level.NOTICE, path=("emergency", "receiver"), at_value=True, message=message)
