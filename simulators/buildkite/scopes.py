"""The token scopes of the REST API."""

_BOTH = (
    "pipelines builds build_logs artifacts agents clusters pipeline_templates rules organizations"
    " organization_invitations organization_settings notification_services teams"
)
ALL_SCOPES = frozenset(
    [f"{verb}_{noun}" for noun in _BOTH.split() for verb in ("read", "write")]
    + ["read_job_env", "read_user", "read_accounts"]
)
