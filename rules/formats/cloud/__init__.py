"""What cloud services and their kin write about what was done there: JSON, one shape per service."""
