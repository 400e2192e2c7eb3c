"""Records how every build and step did for 90 days, for comparisons and reports."""
