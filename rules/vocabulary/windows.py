"""What Windows and Sysmon write: the log sources follow from the tables that route events, the names from the events.

Sources: Sysmon's manifest (``sysmon -s``, schema 4.90), Microsoft's descriptions of the Security log's events and of
the other channels' providers. Other products add names of their own, so no family is whole.
"""

from collections.abc import Iterator
from typing import Final

from rules.event import LogSource
from rules.formats.windows.windows_fields import CRASH, RENAMED
from rules.formats.windows.windows_sources import CATEGORIES, RPC_FIREWALL, SERVICES
from rules.vocabulary.family import Family, words

#: Of ``System``, and of the loggers that carry events (Winlogbeat, NXLog).
SYSTEM: Final = """EventID Channel Computer Provider_Name Provider_Guid SystemTime EventRecordID Level Task Opcode
    Keywords Version Correlation Correlation_ActivityID Execution_ProcessID Execution_ThreadID Security_UserID Data
    Message SourceName EventType Hostname User ProcessId ThreadId UserName UserSid Binary"""
#: category -> names that Sysmon's event has beside RuleName, UtcTime, ProcessGuid, ProcessId, Image and User
SYSMON: Final = {
    "process_creation": """FileVersion Description Product Company OriginalFileName CommandLine CurrentDirectory
        LogonGuid LogonId TerminalSessionId IntegrityLevel Hashes Imphash md5 sha1 sha256 ParentProcessGuid
        ParentProcessId ParentImage ParentCommandLine ParentUser GrandParentImage ParentIntegrityLevel
        NewProcessId NewProcessName ParentProcessName MandatoryLabel TokenElevationType SubjectUserSid SubjectUserName
        SubjectDomainName SubjectLogonId TargetUserSid TargetUserName TargetDomainName TargetLogonId""",
    "process_termination": """ProcessName Status SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId
        LogonId""",
    "file_change": "TargetFilename CreationUtcTime PreviousCreationUtcTime",
    "network_connection": """Protocol Initiated SourceIsIpv6 SourceIp SourceHostname SourcePort SourcePortName
        DestinationIsIpv6 DestinationIp DestinationHostname DestinationPort DestinationPortName CommandLine
        ParentImage Application Direction SourceAddress DestAddress DestPort FilterRTID LayerName LayerRTID
        RemoteUserID RemoteMachineID FilterOrigin InterfaceIndex""",
    "sysmon_status": "State SchemaVersion Configuration ConfigurationFileHash",
    "driver_load": "ImageLoaded Hashes Imphash md5 sha1 sha256 Signed Signature SignatureStatus",
    "image_load": """ImageLoaded FileVersion Description Product Company OriginalFileName Hashes Imphash md5 sha1 sha256
        Signed Signature SignatureStatus CommandLine""",
    "create_remote_thread": """SourceProcessGuid SourceProcessId SourceImage TargetProcessGuid TargetProcessId
        TargetImage NewThreadId StartAddress StartModule StartFunction SourceUser TargetUser SourceParentImage
        SourceCommandLine TargetParentProcessId""",
    "raw_access_thread": "Device",
    "process_access": """SourceProcessGUID SourceProcessId SourceThreadId SourceImage TargetProcessGUID TargetProcessId
        TargetImage GrantedAccess CallTrace SourceUser TargetUser SourceCommandLine""",
    "file_event": """TargetFilename CreationUtcTime CommandLine ParentImage ParentCommandLine IntegrityLevel
        SourceFilename""",
    "registry_event": """EventType TargetObject Details NewName SubjectUserSid SubjectUserName SubjectDomainName
        SubjectLogonId ObjectName ObjectValueName HandleId OperationType OldValueType OldValue NewValueType NewValue
        ProcessName""",
    "create_stream_hash": "TargetFilename CreationUtcTime Hash Contents",
    "pipe_created": "EventType PipeName",
    "wmi_event": "EventType Operation EventNamespace Name Query Type Destination Consumer Filter",
    "dns_query": "QueryName QueryStatus QueryResults",
    "file_delete": "TargetFilename Hashes IsExecutable Archived",
    "clipboard_capture": "Session ClientInfo Hashes Archived",
    "process_tampering": "Type",
    "file_block_executable": "TargetFilename Hashes",
    "file_block_shredding": "TargetFilename Hashes IsExecutable",
    "file_executable_detected": "TargetFilename Hashes",
    "sysmon_error": "ID Description",
    "file_access": "FileName Irp FileObject IssuingThreadId CreateOptions ParentImage Image",
    "file_rename": "FilePath FileName SourceFilename TargetFilename Image",
    "antivirus": "Signature Filename ThreatName Path ProcessName",
    "dns": "query record_type answer dns.response_code dns.direction dns.question.registered_domain protocol",
    "ps_script": "ScriptBlockText ScriptBlockId MessageNumber MessageTotal Path",
    "ps_module": "Payload ContextInfo UserData",
    "ps_classic_start": "HostApplication HostName HostVersion EngineVersion NewEngineState PreviousEngineState",
    "ps_classic_provider_start": "HostApplication HostName ProviderName NewProviderState",
    "ps_classic_script": "HostApplication HostName DetailSequence",
}
COMMON: Final = "RuleName UtcTime ProcessGuid Image"
#: The Security log: names of its events' data.
SECURITY: Final = """SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId SubjectLogonGuid TargetUserSid
    TargetUserName TargetDomainName TargetLogonId TargetLogonGuid TargetSid TargetName TargetInfo TargetServerName
    TargetOutboundUserName TargetOutboundDomainName TargetLinkedLogonId LogonType LogonProcessName LogonGuid LogonID
    AuthenticationPackageName WorkstationName Workstation TransmittedServices LmPackageName KeyLength ProcessName
    IpAddress IpPort ImpersonationLevel RestrictedAdminMode VirtualAccount ElevatedToken Status SubStatus
    FailureReason PackageName PrivilegeList ObjectServer ObjectType ObjectName ObjectValueName HandleId OperationType
    OldValueType OldValue NewValueType NewValue AccessList AccessMask AccessReason RestrictedSidCount
    ResourceAttributes AdditionalInfo AdditionalInfo2 Properties TransactionId ShareName ShareLocalPath
    RelativeTargetName ServiceName ServiceFileName ServiceType ServiceStartType ServiceAccount ServiceSid
    ServerName ClientProcessStartKey ClientProcessId ParentProcessId ParentProcessName NewProcessId NewProcessName
    TokenElevationType CommandLine MandatoryLabel TaskName TaskContent TaskContentNew RpcCallClientLocality FQDN
    TicketOptions TicketEncryptionType PreAuthType CertIssuerName CertSerialNumber CertThumbprint ResponseTicket
    RequestTicketHash ResponseTicketHash ClientName ClientAddress ClientDomain ServicePrincipalNames SamAccountName
    DisplayName UserPrincipalName HomeDirectory HomePath ScriptPath ProfilePath UserWorkstations PasswordLastSet
    AccountExpires PrimaryGroupId AllowedToDelegateTo OldUacValue NewUacValue UserAccountControl UserParameters
    SidHistory LogonHours DnsHostName MemberName MemberSid GroupTypeChange OldTargetUserName NewTargetUserName
    SourceUserName SourceSid SidList ComputerAccountChange DSName DSType ObjectDN ObjectGUID ObjectClass
    AttributeLDAPDisplayName AttributeSyntaxOID AttributeValue OpCorrelationID AppCorrelationID DomainPolicyChanged
    DomainName DomainSid MinPasswordAge MaxPasswordAge CategoryId SubcategoryId SubcategoryGuid AuditPolicyChanges
    AuditSourceName EventSourceId Application Direction SourceAddress SourcePort DestAddress DestPort Protocol
    FilterRTID FilterOrigin LayerName LayerRTID RemoteUserID RemoteMachineID InterfaceIndex OriginalProfile
    CurrentProfile FilterName FilterKey FilterType FilterId ProviderKey ProviderName ProviderContextName
    ProviderContextKey ChangeType CalloutName RuleId RuleName RuleAttr ProfileChanged DeviceId DeviceDescription
    ClassId ClassName VendorIds CompatibleIds LocationInformation CallerProcessId CallerProcessName
    EnabledPrivilegeList DisabledPrivilegeList Service AccountName AccountDomain SessionID SessionName LinkName
    KeyName KeyType KeyFilePath AlgorithmName ReturnCode Operation CountOfCredentialsReturned ReadOperation
    ProcessCreationTime SchemaFriendlyName Schema Resource Identity PackageFullName TemplateContent
    NewTemplateContent OldTemplateContent TemplateInternalName TemplateVersion TemplateOID TemplateDSObjectFQDN
    SecurityDescriptor NewSecurityDescriptor RequestId Requester Attributes Disposition SKI Subject CertificateTemplate
    param1 param2 param3 Caption FileName CrashOnAuditFailValue SourceProcessId SourceHandleId TargetHandleId
    TargetProcessId TargetProcessName OldSd NewSd ExpandedNewSd ForestRoot TdoDirection TdoType TdoAttributes"""
#: Other channels: names of their events' data.
OTHER: Final = """param1 param2 param3 param4 param5 param6 ServiceName ImagePath ServiceType StartType AccountName
    ErrorCode ErrorDescription HiveName KeysUpdated DirtyPages DeviceName DeviceTime Origin Description Caption
    updateTitle updateGuid ProcessName Reason Path PackageFullName PackageSourceUri CallingProcess HasFullTrust Flags
    ImageName PackagePath subjectName RemoteName LocalName LocalPath RemoteURL processPath processId jobTitle jobId
    jobOwner url fileCount bytesTransferred FileNameBuffer FileNameLength ProcessNameBuffer ProcessNameLength
    RequestedPolicy ValidatedPolicy Status QueryName QueryType QueryOptions QueryStatus QueryResults QNAME QTYPE
    Source Destination Zone ModifyingApplication ModifyingUser Action ApplicationPath RuleName RuleId Protocol Profiles
    LocalPorts RemotePorts LocalAddresses RemoteAddresses Direction Active EdgeTraversal Configuration NewValue OldValue
    EditOperationType ConfigPath DistinguishedName SearchFilter SearchScope ScopeOfSearch AttributeList TargetUserSid
    TargetUserName TargetDomainName SidList WorkstationName TargetName UserName DomainName SChannelName SChannelType
    payload process ProcessPath ProcessCommandLine Name AppID AppName AppVersion ServerAddress Address
    RemoteAddress LocalAddress ServerName ServerNameLength ClientAddress ClientName ShareName SigningUsed EncyptionUsed
    InstanceName TaskName TaskInstanceId ActionName ResultCode EnginePID Priority User SessionID SessionId
    Value OldValue NewValue SourceName Operation Query PossibleCause Provider Namespace NamespaceName ClientMachine
    ClientProcessId CorrelationId GroupOperationId OperationId ESS CONSUMER Consumer FilePath FileHash Fqbn PolicyName
    RuleNameLength RuleSddl TargetProcessId TargetLogonId FullFilePath MessageTotal Document Document_Name
    PrintProcessor Printer DriverName IsatapRouter Context Level Binary Data HostApplication"""
#: Defender's, which have blanks in them: they are there without, and with underscores, too.
DEFENDER: Final = (
    "Threat Name", "Threat ID", "Severity ID", "Severity Name", "Category ID", "Category Name", "Detection ID",
    "Detection Time", "Detection User", "Detection Source", "Process Name", "Source Name", "Source ID", "Origin ID",
    "Origin Name", "Execution ID", "Execution Name", "Type ID", "Type Name", "Action ID", "Action Name", "Status Code",
    "Status Description", "Error Code", "Error Description", "Remediation User", "Feature Name", "New Value",
    "Old Value", "Product Name", "Product Version", "Engine Version", "Signature Version", "Scan ID", "Scan Type",
    "Involved File", "Target Commandline", "Parent Commandline", "FWLink",
)  # fmt: skip


def _sources() -> Iterator[LogSource]:
    """Every log source that a channel can have, by the tables that route events."""
    categories = {service: set(of_events.values()) for service, of_events in CATEGORIES.items()}
    categories["sysmon"] |= {"registry_add", "registry_delete"}
    categories["security"] |= {"registry_delete"}
    categories["dns-server-debug"] = {"dns"}
    for service in dict.fromkeys(SERVICES.values()):
        yield LogSource(product="windows", service=service)
    for service, found in categories.items():
        for category in sorted(found):
            yield LogSource(product="windows", category=category, service=service)
    for each in (None, *sorted(categories["sysmon"])):
        yield LogSource(product="linux", category=each, service="sysmon")


def _names(source: LogSource) -> frozenset[str]:
    """What an event of a log source may bear."""
    category, service = source.category or "", source.service or ""
    of_service = {"security": SECURITY, "sysmon": " ".join(SYSMON.values())}.get(service, OTHER)
    more = SYSMON.get("registry_event" if category.startswith("registry_") else category, of_service)
    blanks = DEFENDER if service == "windefend" else ()
    spellings = (name.replace(" ", mark) for name in blanks for mark in (" ", "", "_"))
    renamed = RENAMED.get((service, category), {})
    return words(f"{SYSTEM} {COMMON} {more}").union(renamed, renamed.values(), CRASH, spellings)


FAMILIES: Final[tuple[Family, ...]] = (
    *(Family(sources=(one,), names=_names(one)) for one in _sources()),
    Family(sources=(RPC_FIREWALL,), names=words(f"{SYSTEM} EventLog InterfaceUuid OpNum")),
)
