"""What a program's message inside a syslog line tells: one program family per file."""
