"""The records of Linux's audit system: ``record`` reads one, ``joined`` makes an event of those of one id."""
