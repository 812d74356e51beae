"""What a Linux host says of itself: logins, accounts, privileges, jobs, units, the kernel and its disks."""
