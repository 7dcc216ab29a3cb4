"""Who owns what from when: approvals, undoing them, and people who share a role."""
