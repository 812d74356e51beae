"""What sensors and other people's services write. They bear names beside these, so no family is whole.

Sources: Zeek's documentation of its logs, Suricata's of EVE, the record formats of CloudTrail, Azure, Google Cloud,
Microsoft 365, Okta, GitHub, Kubernetes (audit.k8s.io/v1), ArcSight's CEF.
"""

from typing import Final

from rules.vocabulary.family import Family, family
from rules.vocabulary.hosts import DNS, PACKETS

CLOUD: Final = "cloud.operation"
CONNECTED: Final = "ts uid id id.orig_h id.orig_p id.resp_h id.resp_p _path _system_name _write_ts proto service"
#: Zeek's path -> its log's names
ZEEK: Final = {
    "conn": """duration orig_bytes resp_bytes conn_state local_orig local_resp missed_bytes history orig_pkts
        orig_ip_bytes resp_pkts resp_ip_bytes tunnel_parents ip_proto connection.hour orig_l2_addr resp_l2_addr vlan""",
    "dce_rpc": "rtt named_pipe endpoint operation",
    "dhcp": """uids client_addr server_addr mac host_name client_fqdn domain requested_addr assigned_addr lease_time
        client_message server_message msg_types duration""",
    "dns": f"""{DNS} trans_id rtt qclass qclass_name qtype qtype_name rcode rcode_name AA TC RD RA Z answers TTLs
        rejected auth addl""",
    "files": """fuid source depth analyzers mime_type filename duration is_orig seen_bytes total_bytes missing_bytes
        overflow_bytes timedout parent_fuid md5 sha1 sha256 extracted tx_hosts rx_hosts conn_uids local_orig""",
    "ftp": """user password command arg mime_type file_size reply_code reply_msg data_channel.passive cwd fuid""",
    "http": """trans_depth method host uri referrer version user_agent origin request_body_len response_body_len
        status_code status_msg info_code info_msg tags username password proxied orig_fuids orig_filenames
        orig_mime_types resp_fuids resp_filenames resp_mime_types client_header_names server_header_names c-uri
        c-useragent""",
    "intel": "seen.indicator seen.indicator_type seen.where seen.node matched sources",
    "kerberos": """request_type client from till cipher forwardable renewable success error_msg client_cert_subject
        server_cert_subject""",
    "modbus": "func exception",
    "mysql": "cmd arg success rows response",
    "notice": """fuid file_mime_type file_desc note msg sub src dst p n peer_descr actions email_dest suppress_for
        remote_location.country_code""",
    "ntlm": """username hostname domainname server_nb_computer_name server_dns_computer_name server_tree_name
        success""",
    "pe": "machine compile_ts os subsystem is_exe is_64bit uses_aslr uses_dep",
    "radius": "username mac framed_addr remote_ip connect_info reply_msg result ttl",
    "rdp": """cookie result security_protocol client_channels keyboard_layout client_build client_name
        client_dig_product_id desktop_width desktop_height requested_color_depth cert_type cert_count
        cert_permanent encryption_level encryption_method""",
    "sip": "trans_depth method uri request_from request_to response_from response_to user_agent status_code status_msg",
    "smb_cmd": "command sub_command argument status rtt version username tree tree_service",
    "smb_files": "fuid action path name size prev_name times.modified times.accessed times.created times.changed",
    "smb_mapping": "path native_file_system share_type",
    "smtp": """trans_depth helo mailfrom rcptto date from to cc reply_to msg_id in_reply_to subject x_originating_ip
        first_received second_received last_reply path user_agent tls fuids is_webmail""",
    "snmp": "duration version community get_requests get_bulk_requests get_responses set_requests",
    "software": "host host_p software_type name version.major version.minor unparsed_version",
    "ssh": """version auth_success auth_attempts direction client server cipher_alg mac_alg compression_alg kex_alg
        host_key_alg host_key""",
    "ssl": """version cipher curve server_name resumed last_alert next_protocol established ssl_history cert_chain_fps
        client_cert_chain_fps sni_matches_cert validation_status subject issuer client_subject client_issuer ja3
        ja3s""",
    "syslog": "facility severity message",
    "tunnel": "tunnel_type action",
    "weird": "name addl notice peer source",
    "x509": """fuid id fingerprint certificate.version certificate.serial certificate.subject certificate.issuer
        certificate.not_valid_before certificate.not_valid_after certificate.key_alg certificate.sig_alg
        certificate.key_type certificate.key_length certificate.exponent certificate.curve san.dns san.uri san.email
        san.ip basic_constraints.ca basic_constraints.path_len host_cert client_cert""",
}
EVE: Final = """timestamp flow_id in_iface event_type src_ip src_port dest_ip dest_port proto app_proto tx_id vlan host
    community_id icmp_type icmp_code pkt_src metadata connection.hour"""
#: Suricata's event_type -> its names
SURICATA: Final = {
    "alert": """alert alert.action alert.gid alert.signature_id alert.rev alert.signature alert.category alert.severity
        alert.metadata flow.pkts_toserver flow.pkts_toclient flow.bytes_toserver flow.bytes_toclient flow.start
        payload payload_printable packet http.hostname http.url http.http_user_agent http.http_method http.status
        tls.sni tls.subject tls.issuerdn dns.query ssh.client.software_version""",
    "anomaly": "anomaly.type anomaly.event anomaly.code anomaly.layer anomaly.app_proto",
    "dns": f"""{DNS} dns.type dns.id dns.version dns.rrname dns.rrtype dns.rcode dns.flags dns.queries.rrname
        dns.queries.rrtype dns.answers.rdata dns.answers.rrname dns.answers.rrtype dns.answers.ttl dns.tx_id dns.ttl
        dns.rdata""",
    "fileinfo": """fileinfo.filename fileinfo.magic fileinfo.gaps fileinfo.state fileinfo.md5 fileinfo.sha1
        fileinfo.sha256 fileinfo.stored fileinfo.file_id fileinfo.size fileinfo.tx_id fileinfo.mimetype http.hostname
        http.url http.http_user_agent http.http_method http.protocol http.status http.length""",
    "flow": """flow.pkts_toserver flow.pkts_toclient flow.bytes_toserver flow.bytes_toclient flow.start flow.end
        flow.age flow.state flow.reason flow.alerted tcp.tcp_flags tcp.syn tcp.fin tcp.rst tcp.psh tcp.ack tcp.state""",
    "ftp": """ftp.command ftp.command_data ftp.reply ftp.completion_code ftp.dynamic_port ftp.mode ftp.reply_received
        ftp.reply_truncated""",
    "http": """cs-method cs-uri cs-uri-stem cs-uri-query url.decoded sc-status service.type http.hostname http.url
        http.http_port http.http_user_agent http.http_content_type http.http_refer http.http_method http.protocol
        http.status http.length http.redirect http.xff""",
    "netflow": """netflow.pkts netflow.bytes netflow.start netflow.end netflow.age netflow.min_ttl netflow.max_ttl""",
    "smb": "smb.id smb.dialect smb.command smb.status smb.share smb.filename smb.disposition smb.session_id",
    "smtp": "smtp.helo smtp.mail_from smtp.rcpt_to email.from email.to email.subject email.status email.attachment",
    "ssh": """ssh.client.proto_version ssh.client.software_version ssh.server.proto_version ssh.server.software_version
        ssh.client.hassh.hash ssh.server.hassh.hash""",
    "stats": "stats.uptime",
    "tls": """tls.subject tls.issuerdn tls.serial tls.fingerprint tls.sni tls.version tls.notbefore tls.notafter
        tls.session_resumed tls.ja3.hash tls.ja3s.hash tls.ja4 tls.client_alpns tls.server_alpn tls.chain""",
}
AWS: Final = f"""{CLOUD} eventVersion eventTime eventSource eventName eventType eventID eventCategory awsRegion
    sourceIPAddress userAgent errorCode errorMessage requestParameters responseElements additionalEventData requestID
    readOnly managementEvent recipientAccountId sharedEventID vpcEndpointId serviceEventDetails resources
    userIdentity.type userIdentity.arn userIdentity.userName userIdentity.principalId userIdentity.accountId
    userIdentity.accessKeyId userIdentity.invokedBy userIdentity.sessionContext.sessionIssuer.type
    userIdentity.sessionContext.sessionIssuer.userName userIdentity.sessionContext.sessionIssuer.arn
    userIdentity.sessionContext.attributes.mfaAuthenticated responseElements.ConsoleLogin
    additionalEventData.MFAUsed status"""
AZURE: Final = f"""{CLOUD} operationName OperationName OperationNameValue operationName.value
    properties.message Category CategoryValue
    category ResourceId resourceId ResourceProviderValue LoggedByService ActivityDisplayName ActivityType activityType
    activityDisplayName ResultType ResultDescription Resultdescription resultType resultDescription
    AuthenticationRequirement authenticationRequirement userAgent RiskState riskState riskEventType riskLevel
    conditionalAccessStatus ConditionalAccessStatus DeviceDetail.deviceId DeviceDetail.isCompliant
    DeviceDetail.trusttype DeviceDetail.trustType DeviceDetail.operatingSystem DeviceDetail.browser Status
    properties.result ClientApp Username ActivityDetails NetworkLocationDetails Initiatedby Target
    targetResources.type TargetResources TargetResources.ModifiedProperties.DisplayName
    TargetResources.ModifiedProperties.NewValue TargetResources.modifiedProperties
    TargetResources.modifiedProperties.newValue properties.targetResources targetResources
    ConsentContext.IsAdminConsent failure_status_reason additionalDetails.additionalInfo ResourceDisplayName
    callerIpAddress ipAddress caller correlationId level location tenantId time userPrincipalName
    properties.userPrincipalName properties.ipAddress appDisplayName properties.appDisplayName
    properties.statusCode initiatedBy ActivityStatusValue Caller TimeGenerated identity"""
GOOGLE: Final = f"""{CLOUD} gcp.audit.method_name gcp.audit.service_name gcp.audit.resource_name data protoPayload
    protoPayload.serviceName protoPayload.Servicename protoPayload.methodName protoPayload.resourceName
    protoPayload.authenticationInfo.principalEmail protoPayload.requestMetadata.callerIp
    protoPayload.requestMetadata.callerSuppliedUserAgent protoPayload.authorizationInfo.permission
    protoPayload.authorizationInfo.granted protoPayload.status.code protoPayload.status.message
    protoPayload.metadata.event.eventName data.protoPayload.serviceName data.protoPayload.methodName
    data.protoPayload.authorizationInfo.permission data.protoPayload.authorizationInfo.granted
    data.protoPayload.resourceName data.protoPayload.logName data.protoPayload.resource.type data.resource.type
    data.logName insertId logName resource.type severity timestamp eventService eventName setting_name new_value
    old_value actor.email ipAddress events.name events.type"""
M365: Final = f"""{CLOUD} eventSource eventName status Payload Operation Workload RecordType ResultStatus UserId
    UserType UserKey ClientIP ClientIPAddress ObjectId Id CreationTime OrganizationId Parameters Parameters.Name
    Parameters.Value ApplicationId RequestType DeliveryAction Directionality OperationProperties Name Data
    ExtendedProperties ModifiedProperties Actor Target LogonError AppId SiteUrl SourceFileName"""
OKTA: Final = f"""{CLOUD} eventType legacyEventType displayMessage severity published uuid version outcome.result
    outcome.reason actor.alternateId actor.id actor.type actor.displayName client.ipAddress client.zone client.device
    client.userAgent.rawUserAgent client.geographicalContext.country target.displayName target.type target.alternateId
    securityContext.isProxy securityContext.asNumber securityContext.asOrg debugContext.debugData.requestUri
    debugContext.debugData.behaviors debugContext.debugData.logOnlySecurityData debugContext.debugData.url
    authenticationContext.externalSessionId transaction.id request.ipChain"""
KUBERNETES: Final = """hostPath capabilities kubernetes.host apiGroup apiVersion kind level auditID stage requestURI
    verb user.username user.groups user.uid impersonatedUser.username sourceIPs userAgent objectRef.resource
    objectRef.namespace objectRef.name objectRef.subresource objectRef.apiGroup objectRef.apiVersion
    responseStatus.code responseStatus.reason responseStatus.status requestObject responseObject annotations
    requestReceivedTimestamp stageTimestamp requestObject.roleRef.name requestObject.subjects.name"""
CEF: Final = """cef.vendor cef.product cef.version cef.class cef.name cef.severity act app cat cnt cs1 cs2 cs3 cs4 cs5
    cs6 cn1 cn2 cn3 deviceAction dhost dpt dst duser dvc dvchost fname fsize in msg out proto reason request
    requestClientApplication requestMethod rt shost spt src suser"""


def _other_case(names: str) -> str:
    """The names with their first letter in the other case: of Azure's each exporter writes its own."""
    return " ".join(f"{name[0].swapcase()}{name[1:]}" for name in names.split())


FAMILIES: Final[tuple[Family, ...]] = (
    *(
        family(
            [("dns" if path == "dns" else None, "zeek", path)], f"{CONNECTED} {names}", services=True
        )
        for path, names in ZEEK.items()
    ),
    *(
        family([("dns" if kind == "dns" else None, "suricata", kind)], f"{EVE} {names}", services=True)
        for kind, names in SURICATA.items()
    ),
    family([("firewall", None, None)], f"{PACKETS} {CEF}"),
    family([("proxy", None, None)], CEF),
    family(
        [("firewall", "windows", "firewall")],
        f"""{PACKETS} date time size tcpflags tcpsyn tcpack tcpwin icmptype icmpcode info path src-ip dst-ip src-port
        dst-port""",
    ),
    family([(None, "aws", "cloudtrail")], AWS),
    family(
        [(None, "azure", one) for one in ("activitylogs", "auditlogs", "signinlogs", "riskdetection", "pim")],
        f"{AZURE} {_other_case(AZURE)}",
    ),
    family(
        [(None, "gcp", one) for one in ("gcp.audit", "google_workspace.admin", "google_workspace.login")], GOOGLE
    ),
    family([(None, "m365", one) for one in ("audit", "exchange", "threat_management")], M365),
    family([(None, "okta", "okta")], OKTA),
    family(
        [(None, "github", "audit")],
        f"{CLOUD} action actor actor_ip org repo user business created_at @timestamp _document_id operation_type",
    ),
    family(
        [(None, "bitbucket", "audit")],
        f"{CLOUD} auditType.action auditType.category auditType.area author.name author.id source method timestamp",
    ),
    family(
        [(None, "onelogin", "onelogin.events")],
        f"{CLOUD} event_type_id account_id user_id user_name actor_user_id actor_user_name ipaddr created_at",
    ),
    family(
        [(None, "cisco", "duo")],
        f"""{CLOUD} event_type factor reason result access_device access_device.ip auth_device auth_device.ip
        application.name user.groups""",
    ),
    family(
        [("application", "opencanary", None)],
        "logtype node_id dst_host dst_port src_host src_port logdata.USERNAME logdata.PASSWORD local_time utc_time",
    ),
    family(
        [
            ("process_creation", "macos", None),
            ("file_event", "macos", None),
            (None, "macos", "endpointsecurity"),
        ],
        """Image ParentImage CommandLine ParentCommandLine CurrentDirectory TargetFilename User OriginalFileName
        event_type""",
    ),
    family([("application", "kubernetes", "audit")], KUBERNETES),
)  # fmt: skip
