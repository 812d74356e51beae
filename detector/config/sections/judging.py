"""What counts as a finding, and how bad it is."""

from typing import Literal

import msgspec


class RulesSection(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What counts as a finding."""

    #: Files or folders of Sigma rules (YAML). "bundled": the rules that come with Tocsin.
    paths: tuple[str, ...] = ("bundled",)


class Trust(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What rules may take for granted; rules use it as `%trust.networks%` and so on."""

    #: Networks of your own, in CIDR notation, e.g. "10.0.0.0/8".
    networks: tuple[str, ...] = ()
    #: Addresses or networks of your own security scanners.
    scanners: tuple[str, ...] = ()
    #: Addresses or networks of your own monitoring.
    monitors: tuple[str, ...] = ()
    #: Addresses or networks from which administrators work.
    admins: tuple[str, ...] = ()
    #: When deployments happen, in UTC, e.g. "tue,thu 20:00-22:00". Read and checked; nothing acts upon it yet.
    deploy_windows: tuple[str, ...] = ()


class Asset(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A host that matters more, or less, than others."""

    #: Host name as it stands in log lines; `*` and `?` are understood.
    host: str
    #: "critical" raises the severity of findings on it by one, "lab" lowers it by one.
    criticality: Literal["critical", "lab"]
