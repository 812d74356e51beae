"""Bodies as monitoring systems post them: of each kind one that fires, and what makes it one that is over."""

import json
from typing import Any

GRAFANA: dict[str, Any] = {
    "receiver": "tocsin",
    "status": "firing",
    "orgId": 1,
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "Disk nearly full", "severity": "critical", "instance": "db1:9100", "team": "data"},
            "annotations": {"summary": "db1 has 3 % left", "runbook_url": "https://wiki.example.org/disk"},
            "startsAt": "2026-03-01T12:51:03.157076+02:00",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "https://grafana.example.org/alerting/grafana/a1/view?orgId=1",
            "fingerprint": "c6eadffa33fcdf37",
            "silenceURL": "https://grafana.example.org/alerting/silence/new?matcher=instance",
            "dashboardURL": "",
            "panelURL": "",
            "values": {"B": 97.25, "C": 1},
            "valueString": "[ var='B' labels={instance=db1:9100} value=97.25 ]",
        },
        {
            "status": "resolved",
            "labels": {"alertname": "Disk nearly full", "severity": "warning", "instance": "db2:9100"},
            "annotations": {},
            "startsAt": "2026-03-01T10:00:00Z",
            "endsAt": "2026-03-01T10:41:00Z",
            "generatorURL": "",
            "fingerprint": "0011223344556677",
            "values": None,
        },
    ],
    "groupLabels": {"alertname": "Disk nearly full"},
    "commonLabels": {"alertname": "Disk nearly full"},
    "commonAnnotations": {},
    "externalURL": "https://grafana.example.org/",
    "version": "1",
    "groupKey": '{}:{alertname="Disk nearly full"}',
    "truncatedAlerts": 0,
    "title": "[FIRING:1, RESOLVED:1] Disk nearly full",
    "state": "alerting",
    "message": "**Firing** …",
}

ZABBIX: dict[str, Any] = {
    "alert_subject": "Problem: CPU load is too high",
    "alert_message": "Problem started at 08:14:02 on 2026.03.01",
    "event_id": "183742",
    "event_name": "CPU load is too high on app3",
    "event_nseverity": "4",
    "event_opdata": "Current value: 12.5",
    "event_tags": '[{"tag":"scope","value":"performance"},{"tag":"team","value":"shop"}]',
    "event_timestamp": "1772352842",
    "event_value": "1",
    "host_ip": "192.0.2.33",
    "host_name": "app3",
    "recovery_timestamp": "",
    "trigger_description": "More than 10 processes wait for a processor.",
    "trigger_id": "16199",
    "zabbix_url": "https://zabbix.example.org",
}
ZABBIX_OVER = ZABBIX | {"event_value": "0", "recovery_timestamp": "1772353142", "alert_subject": "Resolved in 5m"}

UPTIME_KUMA: dict[str, Any] = {
    "heartbeat": {
        "monitorID": 7,
        "status": 0,
        "time": "2026-03-01 08:00:12.345",
        "msg": "connect ECONNREFUSED 192.0.2.10:443",
        "important": True,
        "duration": 61,
        "timezone": "Europe/Berlin",
        "timezoneOffset": "+01:00",
        "localDateTime": "2026-03-01 09:00:12",
    },
    "monitor": {
        "id": 7,
        "name": "shop",
        "url": "https://shop.example.org",
        "hostname": None,
        "port": None,
        "type": "http",
        "interval": 60,
        "tags": [{"tag_id": 1, "monitor_id": 7, "value": "eu", "name": "site", "color": "#2563eb"}],
    },
    "msg": "[shop] [\U0001f534 Down] connect ECONNREFUSED 192.0.2.10:443",
}
UPTIME_KUMA_OVER = UPTIME_KUMA | {
    "heartbeat": UPTIME_KUMA["heartbeat"] | {"status": 1, "msg": "200 - OK", "time": "2026-03-01 08:04:12.001"},
    "msg": "[shop] [✅ Up] 200 - OK",
}
UPTIME_KUMA_TEST = {"heartbeat": None, "monitor": None, "msg": "Tocsin Testing"}

ALARM: dict[str, Any] = {
    "AlarmName": "api-latency",
    "AlarmDescription": "p99 of the API",
    "AWSAccountId": "123456789012",
    "AlarmConfigurationUpdatedTimestamp": "2026-02-01T08:00:00.000+0000",
    "NewStateValue": "ALARM",
    "NewStateReason": "Threshold Crossed: 3 datapoints were greater than the threshold (0.5).",
    "StateChangeTime": "2026-03-01T11:59:10.123+0000",
    "Region": "EU (Frankfurt)",
    "AlarmArn": "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:api-latency",
    "OldStateValue": "OK",
    "OKActions": [],
    "AlarmActions": ["arn:aws:sns:eu-central-1:123456789012:alarms"],
    "Trigger": {
        "MetricName": "Latency",
        "Namespace": "AWS/ApiGateway",
        "StatisticType": "ExtendedStatistic",
        "Dimensions": [{"value": "orders", "name": "ApiName"}],
        "Period": 60,
        "EvaluationPeriods": 3,
        "Threshold": 0.5,
    },
}
TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"
CERTIFICATE_URL = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"


def sns(**changes: Any) -> dict[str, Any]:
    """A message of SNS with an alarm, not signed; *changes* are of the alarm."""
    return {
        "Type": "Notification",
        "MessageId": "d1e0a2c4-7f65-5a5e-9d9b-5a2f6a0c1b11",
        "TopicArn": TOPIC,
        "Subject": 'ALARM: "api-latency" in EU (Frankfurt)',
        "Message": json.dumps(ALARM | changes),
        "Timestamp": "2026-03-01T11:59:11.000Z",
        "SignatureVersion": "2",
        "Signature": "",
        "SigningCertURL": CERTIFICATE_URL,
        "UnsubscribeURL": f"https://sns.eu-central-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={TOPIC}:1",
    }


def confirmation() -> dict[str, Any]:
    """What SNS posts when somebody subscribes an address to a topic."""
    token = "2336412f37fb687f5d51e6e2425ba1f30d"
    address = f"https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token={token}"
    return {
        "Type": "SubscriptionConfirmation",
        "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
        "Token": token,
        "TopicArn": TOPIC,
        "Message": f"You have chosen to subscribe to the topic {TOPIC}.",
        "SubscribeURL": address,
        "Timestamp": "2026-03-01T11:58:00.000Z",
        "SignatureVersion": "2",
        "Signature": "",
        "SigningCertURL": CERTIFICATE_URL,
    }
