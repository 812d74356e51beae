"""The words that our own fields hold (docs/reference/events.md), where these are few."""

from collections.abc import Mapping
from typing import Final

from rules.vocabulary.family import words

#: field -> what stands in it
WORDS: Final[Mapping[str, frozenset[str]]] = {
    "event.outcome": words("success failure unknown"),
    "event.during": words("deploy"),
    "event.action": words("""
        ssh_login ssh_invalid_user ssh_offer ssh_denied ssh_max_attempts ssh_connect ssh_disconnect ssh_probe
        pam_auth pam_denied pam_check account_lockout session_open session_close sudo su pkexec doas
        user_add user_modify user_delete user_password user_lock user_unlock
        group_add group_delete group_member_add group_member_remove group_member_set
        cron_run cron_edit cron_reload at_run cron_refused cron_denied
        unit_start unit_failed unit_exit unit_restart unit_start_limit unit_writable
        process_crash oom_kill kernel_module kernel_fault kernel_hang promiscuous_on promiscuous_off
        hardware_error disk_error filesystem_error smart_failure array_degraded
        firewall firewall_close firewall_login firewall_command
        http_request http_auth http_denied http_limited http_missing http_malformed upstream_failure
        upstream_recovered waf_alert web_crash web_overload web_error web_notice
        mail_login mail_auth mail_received mail_queued mail_delivery mail_reject mail_malware mail_spam mail_connect
        mail_disconnect mail_probe mail_fault malware_found
        ftp_login ftp_invalid_user ftp_max_attempts ftp_connect ftp_disconnect ftp_upload ftp_download ftp_delete
        ftp_rename ftp_mkdir ftp_rmdir ftp_chmod
        database_login database_auth database_denied database_statement database_connect database_disconnect
        database_fault
        dns_query dns_transfer dns_update dns_notify dns_signature dns_validation dns_resolve dns_rate_limit dns_probe
        dns_fault dns_packet
        ids_alert connection windows_logon proxy_request router_message panos_message cef_event cloud_audit
        decoy_touched endpoint_event process_start file_write file_delete"""),
    "tocsin.condition": words(
        "source_silent source_vanished source_unreadable source_unparsed source_lagging line_poisoned"
    ),
    "tocsin.status": words("began over"),
    "alert.status": words("firing resolved expired silent"),
    "feedback.category": words("broken slow wrong security privacy other"),
}
#: How words begin of which the log itself says how they go on.
OPEN_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "event.action": (
        "ids_", "zeek_", "audit_", "kubernetes_", "container_", "image_", "network_", "volume_", "daemon_", "plugin_",
        "node_", "service_", "secret_", "config_", "builder_",
    ),
}  # fmt: skip
