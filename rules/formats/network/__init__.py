"""Packet filters, routers, and what watches a network: ASA, PAN-OS, FortiGate, pf, Suricata, Zeek."""
