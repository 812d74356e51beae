"""All shapes, the ones that are easiest to tell first."""

from rules.formats.cloud import aws, azure, google, macos, microsoft365, services
from rules.formats.cloud.shape import Shape

SHAPES: tuple[Shape, ...] = (
    aws.SHAPE,
    google.GOOGLE_CLOUD,
    google.GOOGLE_WORKSPACE,
    microsoft365.SHAPE,
    services.OKTA,
    services.BITBUCKET,
    services.ONELOGIN,
    services.DUO,
    services.OPENCANARY,
    macos.SHAPE,
    azure.SHAPE,
    services.GITHUB,
)
