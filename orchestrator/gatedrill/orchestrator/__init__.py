"""Plan a drill, conduct it, keep its history, judge it, and tell the verdict."""
