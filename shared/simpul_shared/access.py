"""Who may do what: roles grant permissions, a token grants roles within regions (pure)."""

from enum import StrEnum


class Permission(StrEnum):
    REGION_READ = "region:read"
    REGION_CHANGE = "region:change"
    OFFICE_CHANGE = "office:change"
    LIBRARY_READ = "library:read"
    LIBRARY_NOMINATE = "library:nominate"
    LIBRARY_ENDORSE = "library:endorse"
    LIBRARY_VERIFY = "library:verify"
    LIBRARY_DESIGNATE = "library:designate"
    LIBRARY_CHANGE = "library:change"
    LIBRARY_ACCREDIT = "library:accredit"
    READINESS_RECORD = "readiness:record"
    IMPORT = "import:run"
    AID_RECORD = "aid:record"
    LIBRARY_MERGE = "library:merge"
    PERSON_REGISTER = "person:register"
    PERSON_READ = "person:read"
    PERSON_READ_NAME = "person:read-name"
    PERSON_READ_PERSONAL = "person:read-personal"
    PERSON_LOOK_UP = "person:look-up"
    PERSON_CHANGE = "person:change"
    PERSON_CERTIFY = "person:certify"
    PERSON_MERGE = "person:merge"
    PERSON_EXPORT = "person:export"
    PERSON_ERASE = "person:erase"
    PERSON_AUDIT = "person:audit"
    BIMTEK_READ = "bimtek:read"
    BIMTEK_MANAGE = "bimtek:manage"
    ATTENDANCE_RECORD = "attendance:record"
    PLAN_SUBMIT = "plan:submit"
    ACTIVITY_READ = "activity:read"
    ACTIVITY_RECORD = "activity:record"
    TARGET_SET = "target:set"
    REPORT_READ = "report:read"
    EVENTS_READ = "events:read"
    OPERATE = "operate"


class Role(StrEnum):
    """One word per kind of user; the region in the token says where it holds."""

    NATIONAL_ADMIN = "national-admin"
    PROVINCE_ADMIN = "province-admin"
    REGENCY_ADMIN = "regency-admin"
    LIBRARY_STAFF = "library-staff"
    AUDITOR = "auditor"
    SYSTEM = "system"
    OPERATOR = "operator"


_READS = frozenset(
    {
        Permission.REGION_READ,
        Permission.LIBRARY_READ,
        Permission.PERSON_READ,
        Permission.BIMTEK_READ,
        Permission.ACTIVITY_READ,
        Permission.REPORT_READ,
    }
)
_STAFF = _READS | {
    Permission.READINESS_RECORD,
    Permission.LIBRARY_NOMINATE,
    Permission.PLAN_SUBMIT,
    Permission.ACTIVITY_RECORD,
}
_REGENCY = _STAFF | {
    Permission.IMPORT,
    Permission.LIBRARY_ENDORSE,
    Permission.LIBRARY_CHANGE,
    Permission.AID_RECORD,
    Permission.PERSON_REGISTER,
    Permission.PERSON_READ_NAME,
    Permission.PERSON_READ_PERSONAL,
    Permission.PERSON_LOOK_UP,
    Permission.PERSON_CHANGE,
    Permission.BIMTEK_MANAGE,
    Permission.ATTENDANCE_RECORD,
}
_PROVINCE = _REGENCY | {
    Permission.LIBRARY_VERIFY,
    Permission.LIBRARY_ACCREDIT,
    Permission.PERSON_CERTIFY,
    Permission.PERSON_MERGE,
    Permission.LIBRARY_MERGE,
    Permission.PERSON_EXPORT,
    Permission.PERSON_ERASE,
    Permission.PERSON_AUDIT,
    Permission.EVENTS_READ,
}
_NATIONAL = _PROVINCE | {
    Permission.REGION_CHANGE,
    Permission.OFFICE_CHANGE,
    Permission.LIBRARY_DESIGNATE,
    Permission.TARGET_SET,
}

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.NATIONAL_ADMIN: _NATIONAL,
    Role.PROVINCE_ADMIN: _PROVINCE,
    Role.REGENCY_ADMIN: _REGENCY,
    Role.LIBRARY_STAFF: _STAFF,
    Role.AUDITOR: _READS | {Permission.EVENTS_READ, Permission.PERSON_AUDIT},
    Role.SYSTEM: _READS | {Permission.EVENTS_READ},
    Role.OPERATOR: frozenset({Permission.OPERATE, Permission.EVENTS_READ}),
}

NATION_CODE = "ID"
"""The code by which scopes and reports name the whole country; no decree gives it one (ISO 3166-1 alpha-2)."""

PUBLIC_ROUTES: frozenset[tuple[str, str]] = frozenset(
    {
        ("GET", "/health/live"),
        ("GET", "/health/ready"),
        ("GET", "/openapi.json"),
        ("GET", "/asyncapi.json"),
        ("GET", "/schemas/{event_type}"),
        ("GET", "/"),  # reporting's page of published totals
        ("GET", "/static/simpul.css"),
    }
)
"""The one reviewed list of what anybody may call; every other route declares a permission or the service won't start."""
