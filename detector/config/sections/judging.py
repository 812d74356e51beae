"""What counts as a finding, and how bad it is."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from rules.event import Mode


class RuleMode(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """In which mode some rules are: all that are named in one of the three ways."""

    #: "on": as the rule decides. "simulate": counted only. "advise": what would have paged is observed and listed.
    mode: Mode
    #: Ids or titles of rules; what ends in `*` fits by its beginning.
    rule: tuple[str, ...] = ()
    #: Tags of rules; what ends in `*` fits by its beginning.
    tag: tuple[str, ...] = ()
    #: Folders or files of rules, as `paths` names them; "bundled/web" is one of the bundled rules.
    folder: tuple[str, ...] = ()
    #: Who decided so. Must be given for "simulate" and "advise".
    author: str = ""
    #: Why. Must be given for "simulate" and "advise".
    reason: str = ""


class RulesSection(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What counts as a finding."""

    #: Files or folders of Sigma rules (YAML). "bundled": the rules that come with Tocsin.
    paths: tuple[str, ...] = ("bundled",)
    #: Files with Sigma processing pipelines (YAML, as of pySigma) that rules go through before they are what is asked.
    #: Rules that come with Tocsin do not.
    pipelines: tuple[str, ...] = ()
    #: Rules that are tried out before they ask anybody; the first entry that fits a rule counts, and a rule that none
    #: fits is on. `mode`: "on" as the rule decides; "simulate" counted only; "advise" what it would have had
    #: investigated is observed, and listed in the digest as what would have paged. `rule` (ids or titles), `tag` and
    #: `folder` say which rules: what ends in `*` fits by its beginning. `author` and `reason` must be given for
    #: "simulate" and "advise".
    mode: Annotated[tuple[RuleMode, ...], Meta(max_length=200)] = ()


class Trust(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What rules may take for granted; rules use it as `%trust.networks%` and so on."""

    #: Networks of your own, in CIDR notation, e.g. "10.0.0.0/8".
    networks: tuple[str, ...] = ()
    #: Addresses or networks of your own security scanners.
    scanners: tuple[str, ...] = ()
    #: Addresses or networks of your own monitoring.
    monitors: tuple[str, ...] = ()
    #: Who administers: addresses or networks from which they work, and names of accounts as your logs write them, e.g.
    #: "ann", "ann@example.org" or "system:serviceaccount:ops:backup"; of containers also their names.
    admins: tuple[str, ...] = ()
    #: Addresses or networks of your own reverse proxies and load balancers. Where one of them spoke to a web server,
    #: what `X-Forwarded-For` says of the client is believed; nobody else's word is.
    proxies: tuple[str, ...] = ()
    #: When deployments happen, in UTC, e.g. "tue,thu 20:00-22:00". What happens in them bears `event.during: deploy`,
    #: and errors of web servers then ask nobody.
    deploy_windows: tuple[str, ...] = ()


class Asset(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A host that matters more, or less, than others."""

    #: Host name as it stands in log lines; `*` and `?` are understood.
    host: str
    #: "critical" raises the severity of findings on it by one, "lab" lowers it by one.
    criticality: Literal["critical", "lab"]
