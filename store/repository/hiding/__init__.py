"""What keeps people from hearing of a finding: silences, exceptions, and all that they hid."""
