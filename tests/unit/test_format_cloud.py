"""Audit logs of cloud services: each object -> Sigma's log source, the fields that its rules name, and who did it.

The objects follow what each service documents (the pages are named in rules/formats/cloud); ids and names are made up.
"""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.engine import batch_of, engine_of

from rules.event import LogSource
from rules.formats.cloud.directory import SHAPES
from rules.formats.detect import strictest
from rules.formats.format import Context, Parsed
from rules.match import lookup

CONTEXT = Context(reference=datetime(2024, 3, 1, 12, tzinfo=UTC))
WHEN = "2024-03-01T03:11:26Z"
Case = tuple[dict[str, Any], str, dict[str, Any]]


def read(found: Any) -> tuple[str, Parsed]:
    """The format that takes an object, and what it makes of it."""
    name, parsed = strictest(json.dumps(found), CONTEXT)
    assert parsed is not None
    return name, parsed


def trail(name: str, source: str = "iam", **more: Any) -> dict[str, Any]:
    """A record of CloudTrail."""
    return {
        "eventVersion": "1.09",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/alice", "userName": "alice"},
        "eventTime": WHEN,
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2.15",
        "requestParameters": None,
        "responseElements": None,
        **more,
    }


AWS: list[Case] = [
    (trail("CreateUser"), "cloudtrail", {"eventName": "CreateUser", "user.name": "alice", "source.ip": "203.0.113.7"}),
    (trail("StopLogging", "cloudtrail"), "cloudtrail", {"eventSource": "cloudtrail.amazonaws.com"}),
    (
        trail(
            "ConsoleLogin", "signin", responseElements={"ConsoleLogin": "Failure"}, errorMessage="Failed authentication"
        ),
        "cloudtrail",
        {
            "responseElements.ConsoleLogin": "Failure",
            "event.outcome": "failure",
            "event.reason": "Failed authentication",
        },
    ),
    (
        trail(
            "ConsoleLogin",
            "signin",
            responseElements={"ConsoleLogin": "Success"},
            additionalEventData={"MFAUsed": "NO"},
        ),
        "cloudtrail",
        {"event.outcome": "success", "additionalEventData.MFAUsed": "NO"},
    ),
    (
        trail("GetSecretValue", "secretsmanager", errorCode="AccessDenied"),
        "cloudtrail",
        {"errorCode": "AccessDenied", "event.outcome": "failure", "event.reason": "AccessDenied"},
    ),
    (
        trail("ModifySnapshotAttribute", "ec2", requestParameters={"attribute": "CREATE_VOLUME_PERMISSION"}),
        "cloudtrail",
        {"requestParameters.attribute": "CREATE_VOLUME_PERMISSION", "cloud.operation": "ModifySnapshotAttribute"},
    ),
    (
        trail(
            "AssumeRole",
            "sts",
            userIdentity={"type": "AWSService", "invokedBy": "ec2.amazonaws.com"},
            sourceIPAddress="ec2.amazonaws.com",
        ),
        "cloudtrail",
        {"user.name": "AWSService", "source.domain": "ec2.amazonaws.com"},
    ),
    (
        trail("DeleteTrail", "cloudtrail", userIdentity={"type": "Root", "arn": "arn:aws:iam::1:root"}),
        "cloudtrail",
        {"userIdentity.type": "Root", "user.name": "arn:aws:iam::1:root"},
    ),
    (
        trail("RegisterTaskDefinition", "ecs", requestParameters={"containerDefinitions": [{"command": ["sh", "-c"]}]}),
        "cloudtrail",
        {"requestParameters.containerDefinitions.command": [["sh", "-c"]]},
    ),
    (
        trail("ModifyDBInstance", "rds", responseElements={"publiclyAccessible": True}),
        "cloudtrail",
        {"responseElements.publiclyAccessible": True},
    ),
]


def entra(category: str, operation: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A record of Entra's logs as diagnostic settings deliver it."""
    return {
        "time": WHEN,
        "resourceId": "/tenants/00000000-0000-4000-8000-000000000000/providers/Microsoft.aadiam",
        "operationName": operation,
        "category": category,
        "callerIpAddress": "203.0.113.7",
        "properties": properties,
        **more,
    }


SIGN_IN = {
    "userPrincipalName": "alice@example.org",
    "conditionalAccessStatus": "notApplied",
    "status": {"errorCode": 0},
    "authenticationRequirement": "singleFactorAuthentication",
    "userAgent": "BAV2ROPC",
    "clientAppUsed": "IMAP4",
    "riskState": "atRisk",
    "deviceDetail": {"deviceId": "", "isCompliant": False, "trustType": ""},
    "networkLocationDetails": [],
    "resourceDisplayName": "Device Registration Service",
}
CHANGED = {
    "category": "UserManagement",
    "result": "success",
    "activityDisplayName": "Update user",
    "loggedByService": "Core Directory",
    "initiatedBy": {"user": {"userPrincipalName": "bob@example.org"}},
    "targetResources": [
        {
            "displayName": "App Admins",
            "type": "ServicePrincipal",
            "modifiedProperties": [
                {"displayName": "StrongAuthenticationRequirement", "oldValue": "[]", "newValue": '[{"State":0}]'},
                {"displayName": "ConsentContext.IsAdminConsent", "oldValue": None, "newValue": '"False"'},
            ],
        }
    ],
}
AZURE: list[Case] = [
    (
        entra("SignInLogs", "Sign-in activity", SIGN_IN, resultType="0"),
        "signinlogs",
        {
            "ResultType": "0",
            "Status": "Success",
            "AuthenticationRequirement": "singleFactorAuthentication",
            "userAgent": "BAV2ROPC",
            "ClientApp": "IMAP4",
            "RiskState": "atRisk",
            "DeviceDetail.isCompliant": False,
            "DeviceDetail.deviceId": "",
            "DeviceDetail.trusttype": "",
            "NetworkLocationDetails": "[]",
            "ResourceDisplayName": "Device Registration Service",
            "conditionalAccessStatus": "notApplied",
            "user.name": "alice@example.org",
            "source.ip": "203.0.113.7",
            "event.outcome": "success",
        },
    ),
    (
        entra(
            "SignInLogs",
            "Sign-in activity",
            {**SIGN_IN, "status": {"errorCode": 500121, "additionalDetails": "MFA denied; user declined"}},
            resultType="500121",
            resultDescription="Authentication failed during strong authentication request.",
        ),
        "signinlogs",
        {
            "ResultType": "500121",
            "Status": ["Failure", "MFA denied; user declined"],
            "event.outcome": "failure",
            "ResultDescription": "Authentication failed during strong authentication request.",
        },
    ),
    (
        entra(
            "NonInteractiveUserSignInLogs",
            "Sign-in activity",
            {**SIGN_IN, "authenticationProtocol": "deviceCode"},
            resultType=0,
        ),
        "signinlogs",
        {"properties.message": "Device Code"},
    ),
    (
        {"createdDateTime": WHEN, "ipAddress": "203.0.113.9", **SIGN_IN, "authenticationProtocol": "ropc"},
        "signinlogs",
        {"properties.message": "ROPC", "source.ip": "203.0.113.9"},
    ),
    (
        entra("AuditLogs", "Update user", CHANGED),
        "auditlogs",
        {
            "OperationName": "Update user",
            "operationName": "Update user",
            "properties.message": "Update user",
            "LoggedByService": "Core Directory",
            "ActivityDisplayName": "Update user",
            "TargetResources.ModifiedProperties.DisplayName": [
                "StrongAuthenticationRequirement",
                "ConsentContext.IsAdminConsent",
            ],
            "TargetResources.ModifiedProperties.NewValue": ['[{"State":0}]', '"False"'],
            "targetResources.type": ["ServicePrincipal", "Service Principal"],
            "ConsentContext.IsAdminConsent": "False",
            "Initiatedby": ["bob@example.org"],
            "TargetResources.modifiedProperties": [
                "StrongAuthenticationRequirement",
                "ConsentContext.IsAdminConsent",
                "[]",
                None,
                '[{"State":0}]',
                '"False"',
            ],
            "Status": "success",
            "user.name": "bob@example.org",
        },
    ),
    (
        {"activityDateTime": WHEN, **CHANGED},
        "auditlogs",
        {"Category": "UserManagement", "category": "UserManagement", "cloud.operation": "Update user"},
    ),
    (
        {
            "time": WHEN,
            "resourceId": "/SUBSCRIPTIONS/S/RESOURCEGROUPS/R",
            "operationName": "MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/DELETE",
            "category": "Administrative",
            "resultType": "Success",
            "callerIpAddress": "203.0.113.7",
            "identity": {"claims": {"name": "Bob"}},
        },
        "activitylogs",
        {
            "operationName": "MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/DELETE",
            "properties.message": "MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/DELETE",
            "ResourceProviderValue": "MICROSOFT.NETWORK",
            "event.outcome": "success",
        },
    ),
    (
        {
            "TimeGenerated": WHEN,
            "OperationNameValue": "MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE",
            "CategoryValue": "Administrative",
            "ResourceProviderValue": "MICROSOFT.AUTHORIZATION",
            "Caller": "bob@example.org",
            "ActivityStatusValue": "Failure",
        },
        "activitylogs",
        {
            "operationName": "MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE",
            "CategoryValue": "Administrative",
            "user.name": "bob@example.org",
            "event.outcome": "failure",
        },
    ),
    (
        {
            "eventTimestamp": WHEN,
            "resourceId": "/subscriptions/s",
            "operationName": {"value": "Microsoft.Compute/virtualMachines/write"},
            "caller": "a@example.org",
        },
        "activitylogs",
        {
            "OperationNameValue": "Microsoft.Compute/virtualMachines/write",
            "properties.message": "Microsoft.Compute/virtualMachines/write",
        },
    ),
    (
        entra(
            "UserRiskEvents",
            "User Risk Detection",
            {"riskEventType": "unfamiliarFeatures", "userPrincipalName": "a@example.org"},
        ),
        "riskdetection",
        {"riskEventType": "unfamiliarFeatures"},
    ),
    (
        {"detectedDateTime": WHEN, "riskEventType": "leakedCredentials", "ipAddress": "203.0.113.7"},
        "riskdetection",
        {"source.ip": "203.0.113.7"},
    ),
    (
        {"createdDateTime": WHEN, "@odata.type": "#microsoft.graph.noMfaOnRoleActivationAlertIncident", "id": "1"},
        "pim",
        {"riskEventType": "noMfaOnRoleActivationAlertIncident"},
    ),
]


def entry(method: str, service: str = "compute", **more: Any) -> dict[str, Any]:
    """An entry of Google's Cloud Logging."""
    return {
        "insertId": "a1",
        "logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity",
        "resource": {"type": "k8s_cluster"},
        "severity": "NOTICE",
        "timestamp": WHEN,
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "methodName": method,
            "serviceName": f"{service}.googleapis.com",
            "authenticationInfo": {"principalEmail": "alice@example.org"},
            "requestMetadata": {"callerIp": "203.0.113.7"},
            "authorizationInfo": [{"permission": "x.y.z", "granted": True}],
            **more,
        },
    }


def activity(application: str, name: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    """An activity of Google Workspace's reports."""
    return {
        "kind": "admin#reports#activity",
        "id": {"time": WHEN, "applicationName": application},
        "actor": {"email": "alice@example.org"},
        "ipAddress": "203.0.113.7",
        "events": [{"type": "T", "name": name, "parameters": list(parameters)}],
    }


GOOGLE: list[Case] = [
    (
        entry("v1.compute.firewalls.delete"),
        "gcp.audit",
        {
            "gcp.audit.method_name": "v1.compute.firewalls.delete",
            "source.ip": "203.0.113.7",
            "user.name": "alice@example.org",
        },
    ),
    (entry("storage.buckets.update", "storage"), "gcp.audit", {"gcp.audit.service_name": "storage.googleapis.com"}),
    (entry("io.k8s.core.v1.pods.create", "k8s"), "gcp.audit", {"event.outcome": "success"}),
    (
        entry("x", status={"code": 7, "message": "PERMISSION_DENIED"}),
        "gcp.audit",
        {"event.outcome": "failure", "event.reason": "PERMISSION_DENIED"},
    ),
    (
        {"data": entry("storage.buckets.list", "storage")},
        "gcp.audit",
        {"gcp.audit.method_name": "storage.buckets.list"},
    ),
    (
        entry(
            "google.admin.AdminService.changeApplicationSetting",
            "admin",
            metadata={
                "event": [
                    {
                        "eventName": "CHANGE_APPLICATION_SETTING",
                        "parameter": [{"name": "SETTING_NAME", "value": "ContextAwareAccess"}],
                    }
                ]
            },
        ),
        "google_workspace.admin",
        {
            "eventService": "admin.googleapis.com",
            "eventName": "CHANGE_APPLICATION_SETTING",
            "setting_name": "ContextAwareAccess",
        },
    ),
    (
        entry(
            "google.login.LoginService.govAttackWarning",
            "login",
            metadata={"event": [{"eventName": "gov_attack_warning"}]},
        ),
        "google_workspace.login",
        {"protoPayload.Servicename": "login.googleapis.com", "eventName": "gov_attack_warning"},
    ),
    (
        activity("admin", "REMOVE_PRIVILEGE"),
        "google_workspace.admin",
        {"eventService": "admin.googleapis.com", "eventName": "REMOVE_PRIVILEGE", "user.name": "alice@example.org"},
    ),
    (
        activity("admin", "ENFORCE_STRONG_AUTHENTICATION", {"name": "NEW_VALUE", "value": "false"}),
        "google_workspace.admin",
        {"new_value": "false"},
    ),
    (
        activity("login", "login_failure"),
        "google_workspace.login",
        {"event.outcome": "failure", "source.ip": "203.0.113.7"},
    ),
]


def record(workload: str, operation: str, **more: Any) -> dict[str, Any]:
    """A record of Microsoft 365's audit log."""
    return {
        "CreationTime": "2024-03-01T03:11:26",
        "Id": "1",
        "Operation": operation,
        "RecordType": 1,
        "UserId": "alice@example.org",
        "Workload": workload,
        **more,
    }


MICROSOFT: list[Case] = [
    (
        record("AzureActiveDirectory", "UserLoggedIn", ClientIP="203.0.113.7:50123", ResultStatus="Success"),
        "audit",
        {"source.ip": "203.0.113.7", "source.port": 50123, "event.outcome": "success"},
    ),
    (
        record(
            "AzureActiveDirectory",
            "UserLoginFailed",
            ClientIP="[2001:db8::7]:443",
            ResultStatus="Failed",
            LogonError="InvalidUserNameOrPassword",
        ),
        "audit",
        {"source.ip": "2001:db8::7", "event.outcome": "failure", "event.reason": "InvalidUserNameOrPassword"},
    ),
    (
        record("AzureActiveDirectory", "Disable Strong Authentication."),
        "audit",
        {"Operation": "Disable Strong Authentication."},
    ),
    (
        record("ThreatIntelligence", "TIMailData", Directionality="Inbound", DeliveryAction="Delivered"),
        "audit",
        {"Directionality": "Inbound"},
    ),
    (
        record("Exchange", "Add-FederatedDomain", ResultStatus="True"),
        "exchange",
        {"eventSource": "Exchange", "eventName": "Add-FederatedDomain", "status": "success"},
    ),
    (
        record(
            "Exchange", "Set-Mailbox", Parameters=[{"Name": "ForwardingSmtpAddress", "Value": "smtp:x@example.com"}]
        ),
        "exchange",
        {"Parameters.Name": ["ForwardingSmtpAddress"]},
    ),
    (
        record(
            "SecurityComplianceCenter",
            "AlertTriggered",
            Name="Activity from infrequent country",
            Data='{"a":"New-ComplianceSearchAction"}',
        ),
        "threat_management",
        {
            "eventName": "Activity from infrequent country",
            "status": "success",
            "Payload": '{"a":"New-ComplianceSearchAction"}',
        },
    ),
    (record("SharePoint", "FileDownloaded", ClientIP="2001:db8::8"), "audit", {"source.ip": "2001:db8::8"}),
    (record("OneDrive", "FileDeleted"), "audit", {"cloud.operation": "FileDeleted"}),
    (record("MicrosoftTeams", "MemberAdded", ClientIP=""), "audit", {"user.name": "alice@example.org"}),
]


def okta(kind: str, result: str = "SUCCESS", **more: Any) -> dict[str, Any]:
    """A LogEvent of Okta."""
    return {
        "published": WHEN,
        "eventType": kind,
        "displayMessage": "m",
        "actor": {"id": "1", "alternateId": "alice@example.org"},
        "client": {"ipAddress": "203.0.113.7"},
        "outcome": {"result": result, "reason": None},
        "target": [{"type": "User", "displayName": "Super Administrator"}],
        "securityContext": {"isProxy": True},
        "debugContext": {"debugData": {"requestUri": "/admin", "behaviors": "{New Device=POSITIVE}"}},
        **more,
    }


def action(name: str, **more: Any) -> dict[str, Any]:
    """An entry of GitHub's audit log."""
    return {
        "@timestamp": 1709262686000,
        "_document_id": "d",
        "action": name,
        "actor": "alice",
        "actor_ip": "203.0.113.7",
        "org": "example",
        **more,
    }


SERVICES: list[tuple[dict[str, Any], str, str, dict[str, Any]]] = [
    (
        okta("user.session.start"),
        "okta",
        "okta",
        {"source.ip": "203.0.113.7", "user.name": "alice@example.org", "securityContext.isProxy": True},
    ),
    (
        okta("user.session.start", "FAILURE", outcome={"result": "FAILURE", "reason": "LOCKED_OUT"}),
        "okta",
        "okta",
        {"event.outcome": "failure", "event.reason": "LOCKED_OUT", "outcome.reason": "LOCKED_OUT"},
    ),
    (
        okta("user.account.privilege.grant"),
        "okta",
        "okta",
        {"target.displayName": ["Super Administrator"], "debugContext.debugData.requestUri": "/admin"},
    ),
    (
        okta("policy.rule.delete", legacyEventType="policy.rule"),
        "okta",
        "okta",
        {"legacyEventType": "policy.rule", "actor.alternateId": "alice@example.org"},
    ),
    (
        okta("policy.evaluate_sign_on", "DENY"),
        "okta",
        "okta",
        {"event.outcome": "failure", "cloud.operation": "policy.evaluate_sign_on"},
    ),
    (action("org.add_member"), "github", "audit", {"user.name": "alice", "action": "org.add_member"}),
    (action("repo.destroy"), "github", "audit", {"source.ip": "203.0.113.7"}),
    (action("secret_scanning.disable", _document_id=None), "github", "audit", {}),
    (
        {"created_at": 1709262686000, "action": "business_secret_scanning.disable", "business": "b"},
        "github",
        "audit",
        {},
    ),
    (
        {
            "timestamp": {"epochSecond": 1709262686, "nano": 5},
            "author": {"name": "alice"},
            "auditType": {"category": "Permissions", "action": "Global permission added", "area": "PERMISSIONS"},
            "source": "203.0.113.7,192.0.2.1",
        },
        "bitbucket",
        "audit",
        {
            "auditType.category": "Permissions",
            "auditType.action": "Global permission added",
            "user.name": "alice",
            "source.ip": "203.0.113.7",
        },
    ),
    (
        {
            "timestamp": WHEN,
            "author": {"name": "bob"},
            "auditType": {"category": "Projects", "action": "Project deleted"},
        },
        "bitbucket",
        "audit",
        {"user.name": "bob"},
    ),
    (
        {
            "created_at": WHEN,
            "id": 1,
            "event_type_id": 3,
            "account_id": 4,
            "actor_user_name": "alice",
            "ipaddr": "203.0.113.7",
        },
        "onelogin",
        "onelogin.events",
        {"event_type_id": 3, "user.name": "alice"},
    ),
    (
        {"event_timestamp": WHEN, "event_type_id": 532, "user_id": 7, "user_name": "bob"},
        "onelogin",
        "onelogin.events",
        {"user.name": "bob"},
    ),
    (
        {
            "timestamp": 1709262686,
            "event_type": "authentication",
            "reason": "bypass_user",
            "result": "success",
            "factor": "not_available",
            "user": {"name": "alice"},
            "access_device": {"ip": "203.0.113.7"},
        },
        "cisco",
        "duo",
        {"reason": "bypass_user", "source.ip": "203.0.113.7", "event.outcome": "success"},
    ),
    (
        {
            "isotimestamp": WHEN,
            "event_type": "authentication",
            "result": "denied",
            "reason": "user_marked_fraud",
            "factor": "duo_push",
            "auth_device": {},
        },
        "cisco",
        "duo",
        {"event.outcome": "failure", "event.reason": "user_marked_fraud"},
    ),
]
CASES = [
    *((found, "aws", service, fields) for found, service, fields in AWS),
    *((found, "azure", service, fields) for found, service, fields in AZURE),
    *((found, "gcp", service, fields) for found, service, fields in GOOGLE),
    *((found, "m365", service, fields) for found, service, fields in MICROSOFT),
    *SERVICES,
]


@pytest.mark.parametrize(("found", "product", "service", "fields"), CASES)
def test_objects(found: dict[str, Any], product: str, service: str, fields: dict[str, Any]) -> None:
    """An object -> its log source, its time, and fields."""
    _, parsed = read(found)
    assert parsed.logsource == LogSource(product=product, service=service)
    assert parsed.time == datetime(2024, 3, 1, 3, 11, 26, tzinfo=UTC)
    assert {name: lookup(parsed.fields, name) for name in fields} == fields
    assert parsed.fields["event.action"] == "cloud_audit"


#: operations of each service, in its words
OKTA = """
    user.session.start user.account.lock user.mfa.factor.deactivate user.account.privilege.grant policy.rule.update
    application.lifecycle.delete zone.delete system.api_token.create security.threat.detected
    user.session.access_admin_app system.idp.lifecycle.create user.mfa.attempt_bypass
"""
GITHUB = """
    org.add_member org.remove_member org.invite_member repo.destroy repo.access protected_branch.destroy
    org.disable_two_factor_requirement environment.create_actions_secret personal_access_token.request_created
    hook.create ssh_certificate_authority.create business.disable_saml
"""
BITBUCKET = (
    ("Audit log", "Audit log configuration updated"),
    ("Data pipeline", "Full data export triggered"),
    ("Global administration", "Global secret scanning rule deleted"),
    ("Permissions", "Global permission removed"),
    ("Permissions", "User added to group"),
    ("Projects", "Project secret scanning allowlist rule added"),
    ("Repositories", "Exempt repository added"),
    ("Repositories", "Repository secret scanning rule deleted"),
    ("Users and groups", "User login failed"),
    ("Users and groups", "User login failed(SSH)"),
)


@pytest.mark.parametrize("kind", OKTA.split())
def test_okta(kind: str) -> None:
    """Each event type is an operation."""
    _, parsed = read(okta(kind))
    assert (parsed.logsource.service, parsed.fields["cloud.operation"]) == ("okta", kind)


@pytest.mark.parametrize("name", GITHUB.split())
def test_github(name: str) -> None:
    """Each action is an operation."""
    _, parsed = read(action(name))
    assert (parsed.logsource.product, parsed.fields["cloud.operation"]) == ("github", name)


@pytest.mark.parametrize(("category", "name"), BITBUCKET)
def test_bitbucket(category: str, name: str) -> None:
    """Each action is an operation of its category."""
    _, parsed = read({"timestamp": WHEN, "author": {"name": "a"}, "auditType": {"category": category, "action": name}})
    assert (parsed.logsource.product, parsed.fields["auditType.category"]) == ("bitbucket", category)
    assert parsed.fields["cloud.operation"] == name


@pytest.mark.parametrize("kind", [3, 5, 6, 8, 13, 14, 21, 149, 532, 551, 553])
def test_onelogin(kind: int) -> None:
    """Each event has a number."""
    _, parsed = read({"created_at": WHEN, "event_type_id": kind, "account_id": 1, "user_name": "alice"})
    assert (parsed.logsource.product, parsed.fields["event_type_id"]) == ("onelogin", kind)


DUO = (
    ("success", "user_approved"),
    ("success", "bypass_user"),
    ("success", "allow_unenrolled_user"),
    ("success", "valid_passcode"),
    ("success", "trusted_network"),
    ("denied", "user_mistake"),
    ("denied", "no_response"),
    ("denied", "anonymous_ip"),
    ("denied", "locked_out"),
    ("fraud", "user_marked_fraud"),
)


@pytest.mark.parametrize(("result", "reason"), DUO)
def test_duo(result: str, reason: str) -> None:
    """What became of the second factor, and why."""
    found = {
        "isotimestamp": WHEN,
        "event_type": "authentication",
        "factor": "duo_push",
        "access_device": {"ip": "203.0.113.7"},
    }
    _, parsed = read({**found, "result": result, "reason": reason, "user": {"name": "alice"}})
    assert (parsed.logsource.service, parsed.fields["event.reason"]) == ("duo", reason)
    assert parsed.fields["event.outcome"] == ("success" if result == "success" else "failure")


@pytest.mark.parametrize("kind", [2000, 3000, 4000, 4002, 5000, 6001, 8001, 9001, 13001, 14001, 17001])
def test_opencanary_types(kind: int) -> None:
    """Each kind of decoy has a number."""
    _, parsed = read({"utc_time": "2024-03-01 03:11:26.1", "logtype": kind, "node_id": "c", "src_host": "203.0.113.7"})
    assert (parsed.logsource.product, parsed.fields["source.ip"]) == ("opencanary", "203.0.113.7")


def test_google_as_rules_name_it() -> None:
    """Rules name an entry as Pub/Sub wraps it, with resource and log in the payload."""
    _, parsed = read(entry("io.k8s.core.v1.pods.create", "k8s"))
    payload = parsed.fields["data"]["protoPayload"]
    assert payload["resource"]["type"] == "k8s_cluster"
    assert "cloudaudit.googleapis.com%2Factivity" in payload["logName"]


#: objects that are no audit log, though they look a little like one
OTHERS: list[dict[str, Any]] = [
    {"time": WHEN, "operationName": "GET /checkout", "duration": 3},
    {"time": WHEN, "action": "button.click", "org": None, "user": "x"},
    {"time": WHEN, "eventName": "Purchase", "eventSource": "shop"},
    {"time": WHEN, "event_type": "authentication", "factor_of_safety": 2},
    {"time": WHEN, "records": [{"a": 1}, 7, None], "operationName": "x"},
]


@pytest.mark.parametrize("found", OTHERS[:1] + OTHERS[2:])
def test_others(found: dict[str, Any]) -> None:
    """What is of no service stays a line of JSON."""
    assert read(found)[0] == "json"


def test_macos() -> None:
    """Starts of programs and files that were made, as eslogger writes them."""
    process = {"executable": {"path": "/bin/zsh"}, "ppid": 1}
    frame = {"schema_version": 1, "time": "2024-03-01T03:11:26.123456789Z", "event_type": 9, "process": process}
    started = {"target": {"executable": {"path": "/usr/bin/osascript"}}, "args": ["osascript", "-e", "x"]}
    _, parsed = read({**frame, "event": {"exec": started}})
    assert parsed.logsource == LogSource(product="macos", category="process_creation")
    assert [parsed.fields[name] for name in ("Image", "ParentImage", "CommandLine")] == [
        "/usr/bin/osascript",
        "/bin/zsh",
        "osascript -e x",
    ]
    made = {"destination": {"new_path": {"dir": {"path": "/Library/LaunchAgents"}, "filename": "a.plist"}}}
    _, parsed = read({**frame, "event": {"create": made}})
    assert parsed.logsource == LogSource(product="macos", category="file_event")
    assert parsed.fields["TargetFilename"] == "/Library/LaunchAgents/a.plist"
    moved = {"destination": {"existing_file": {"path": "/etc/pam.d/sudo"}}}
    _, parsed = read({**frame, "event": {"rename": moved}})
    assert (parsed.logsource.category, parsed.fields["TargetFilename"]) == ("file_event", "/etc/pam.d/sudo")
    for kind in ("open", "close", "fork", "exit", "signal", "mount", "unlink", "setowner"):
        _, parsed = read({**frame, "event": {kind: {}}})
        assert parsed.logsource == LogSource(product="macos", service="endpointsecurity")


def test_opencanary() -> None:
    """A touched decoy: who, from where, which."""
    found = {
        "dst_host": "192.0.2.5",
        "dst_port": 22,
        "logdata": {"USERNAME": "root"},
        "logtype": 4002,
        "node_id": "canary-1",
        "src_host": "203.0.113.7",
        "src_port": 40000,
        "utc_time": "2024-03-01 03:11:26.123456",
    }
    _, parsed = read(found)
    assert parsed.logsource == LogSource(product="opencanary", category="application")
    assert [parsed.fields[name] for name in ("logtype", "source.ip", "destination.port", "user.name", "host.name")] == [
        4002,
        "203.0.113.7",
        22,
        "root",
        "canary-1",
    ]


RULE = """\
title: Trail stopped
logsource: {product: aws, service: cloudtrail}
detection:
    stopped: {eventSource: cloudtrail.amazonaws.com, eventName: [StopLogging, DeleteTrail]}
    condition: stopped
"""


def test_file_of_a_trail() -> None:
    """``{"Records": [ … ]}`` is as many events as there are records, each with a text of its own."""
    records = [trail("StopLogging", "cloudtrail"), trail("ListUsers"), trail("DeleteTrail", "cloudtrail"), 7]
    engine = engine_of(RULE)
    outcome = engine.feed(batch_of([json.dumps({"Records": records})]))
    (finding,) = outcome.findings
    assert finding.events == 2
    assert [json.loads(line.text)["eventName"] for line in finding.evidence] == ["StopLogging", "DeleteTrail"]
    name, parsed = read({"records": [entra("AuditLogs", "Update user", CHANGED)] * 2})
    assert (name, len(parsed.also)) == ("azure", 1)


def test_wrapped() -> None:
    """A bare list is as many events; what EventBridge wraps is looked into."""
    records = [record("SharePoint", "FileDownloaded"), record("OneDrive", "FileDeleted")]
    name, parsed = read(records)
    assert (name, [one.fields["Operation"] for one in parsed.also]) == ("m365-audit", ["FileDeleted"])
    name, parsed = read({"version": "0", "detail-type": "AWS API Call via CloudTrail", "detail": trail("DeleteTrail")})
    assert (name, parsed.fields["eventName"]) == ("aws-cloudtrail", "DeleteTrail")
    name, parsed = read({"source": "aws.partner/okta.com", "detail": okta("zone.delete")})
    assert (name, parsed.fields["eventType"]) == ("okta", "zone.delete")


NAMES = sorted({name for case in CASES for name in case[0]} | {"Records", "value", "events", "event", "data"})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(CASES), st.data())
def test_nothing_raises(case: tuple[dict[str, Any], str, str, dict[str, Any]], data: st.DataObject) -> None:
    """Whatever stands where something else is expected."""
    found = dict(case[0])
    for name in data.draw(st.lists(st.sampled_from(sorted(found)), max_size=3)):
        found[name] = data.draw(JSON)
    line = json.dumps(data.draw(st.sampled_from([found, {"Records": [found], "records": [found]}])))
    for shape in SHAPES:
        parsed = shape.parse(line, CONTEXT)
        assert parsed is None or isinstance(parsed.fields["message"], str)
