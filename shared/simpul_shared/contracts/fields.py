"""What each field of the events means, with an example: one word has one meaning, wherever it stands.

A name alone holds in every struct; `Struct.name` where it means something else there. All of it is published in the
JSON Schemas and the AsyncAPI documents; nothing here decides what is valid.
"""

from typing import Any

_EVENT = "019a9c5e-7d2b-7c41-9f60-3a1f0c2b5d11"
_REGION = "019a9c40-1111-7a00-8000-000000000051"
_PROVINCE = "019a9c40-1111-7a00-8000-000000000005"
_LIBRARY = "019a9c41-2222-7a00-8000-000000000007"
_BIMTEK = "019a9c42-3333-7a00-8000-000000000003"


def _field(description: str, example: object) -> dict[str, Any]:
    return {"description": description, "examples": [example]}


FIELDS: dict[str, dict[str, Any]] = {
    # The envelope
    "specversion": _field("The version of CloudEvents.", "1.0"),
    "id": _field("The event's own id, a UUIDv7; the same wherever and whenever the event is sent again.", _EVENT),
    "source": _field("The service that recorded it.", "/simpul/registry"),
    "type": _field("What happened, and the version of its form.", "id.simpul.registry.library-renamed.v1"),
    "subject": _field(
        "The id of the aggregate: the library, region, Bimtek, ... whose version this event advances.", _LIBRARY
    ),
    "time": _field("When it happened, for the actor; may lie long before recordedtime.", "2021-06-28T02:00:00Z"),
    "datacontenttype": _field("The form of data.", "application/json"),
    "dataschema": _field(
        "The name of the schema that data follows.", "urn:simpul:schema:id.simpul.registry.library-renamed.v1"
    ),
    "aggregatetype": _field("The kind of aggregate.", "library"),
    "aggregateversion": _field(
        "Counts 1, 2, 3, ... for the aggregate, without gaps, over all its event types: a jump says that an event is missing, a repeat that it is known.",
        4,
    ),
    "recordedtime": _field(
        "When the ledger took it; in the same transaction as the change itself.", "2021-06-28T02:00:03.140592Z"
    ),
    "correlationid": _field("Binds what one request caused; its X-Request-Id.", "c0ffee5e1f0e4b0c8f1d"),
    "actorref": _field("The subject of the actor's token, or the name of a job; never a person's name.", "u-4711"),
    "channel": _field("How it came in: WEB, API, XLSX, OFFLINE or SYSTEM.", "API"),
    "causationid": _field("The event that led to this one.", _EVENT),
    "traceparent": _field(
        "The W3C trace that the request belonged to.", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    ),
    "sourcetz": _field("The IANA time zone of the place where it happened.", "Asia/Makassar"),
    # Who and where
    "region_id": _field("The region; the id outlives its codes and names.", _REGION),
    "province_id": _field("The province that the region lies in.", _PROVINCE),
    "library_id": _field("The library.", _LIBRARY),
    "person_id": _field(
        "The person; the name stays in the registry, encrypted.", "019a9c43-4444-7a00-8000-000000000009"
    ),
    "bimtek_id": _field("The Bimtek (training).", _BIMTEK),
    "registration_id": _field("One person's registration in one Bimtek.", "019a9c44-5555-7a00-8000-000000000002"),
    "plan_id": _field("The follow-up plan.", "019a9c45-6666-7a00-8000-000000000004"),
    "activity_id": _field("The community activity.", "019a9c46-7777-7a00-8000-000000000008"),
    "target_id": _field(
        "The target of one region, programme year and indicator.", "019a9c47-8888-7a00-8000-000000000006"
    ),
    "timezone": _field("The IANA time zone of the place.", "Asia/Makassar"),
    # Words with one meaning everywhere
    "basis": _field(
        "What the record rests on: stated by the source, inferred from it, or invented sample data.", "stated"
    ),
    "reason": _field("Why, in the actor's words.", "Gedung direnovasi"),
    "effective_on": _field("The first day on which it holds, a local date.", "2021-06-28"),
    "programme_year": _field("The year for which libraries are supported.", 2021),
    # Regions
    "RegionVersionPublished.scheme": _field("Who gave the code: KEMENDAGRI or ISO-3166-1.", "KEMENDAGRI"),
    "code": _field("The code over this interval, with dots; the ISO code for the country.", "51.03.02.2009"),
    "RegionVersionPublished.name": _field("The name over this interval.", "Mengwi"),
    "RegionVersionPublished.level": _field("The level in the hierarchy.", "DESA"),
    "RegionVersionPublished.kind": _field("The kind of region; several kinds share a level.", "DESA"),
    "parent_id": _field("The region above; null for the country.", _PROVINCE),
    "path": _field("Region ids from the country down to the region itself.", [_PROVINCE, _REGION]),
    "valid_from": _field("First day of the interval, inclusive; null before records began.", "2015-05-29"),
    "valid_to": _field("First day after the interval; null while it is valid.", "2019-10-23"),
    "decree": _field("The decree that the interval begins with.", "Permendagri 39/2015"),
    "RegionLineageRecorded.kind": _field(
        "What became of the region: recoded, renamed, split off, or its code used again.", "RECODED"
    ),
    "RegionLineageRecorded.region_id": _field("The region that it leads to.", _REGION),
    "from_region_id": _field("The region that it came from; the same one where only code or name changed.", _REGION),
    "from_code": _field("The code before.", "51.03.02.2009"),
    "to_code": _field("The code after.", "51.03.02.2010"),
    "RegionLineageRecorded.effective_on": _field("The day from which the newer code holds.", "2019-10-23"),
    "RegionLineageRecorded.basis": _field("How the lineage is known.", "same name, same parent"),
    "confidence": _field("How sure the lineage is.", "HIGH"),
    # People
    "fields": _field("Which fields were put right; what they say stays in the registry.", ["phone", "email"]),
    "PersonErased.reason": _field("Why the data were destroyed.", "PERMINTAAN_SUBJEK"),
    "affiliation_id": _field("The affiliation.", "019a9c48-9999-7a00-8000-000000000001"),
    "AffiliationChanged.library_id": _field("The library, where it is one.", _LIBRARY),
    "AffiliationChanged.office_id": _field("The office, where it is one.", "019a9c4b-cccc-7a00-8000-000000000001"),
    "role": _field("What the person is there.", "PENGELOLA"),
    "AffiliationChanged.valid_from": _field("The first day, a local date.", "2023-01-02"),
    "AffiliationChanged.valid_to": _field("The first day after it; null while it lasts.", "2025-01-01"),
    "certification_id": _field("The certification.", "019a9c49-aaaa-7a00-8000-000000000001"),
    "CertificationGranted.kind": _field("What the person is certified as.", "FASDA"),
    "CertificationGranted.valid_from": _field("The first day, a local date.", "2023-01-02"),
    "CertificationGranted.valid_to": _field("The first day after it; null where it has no end.", "2026-01-02"),
    "CertificationEnded.kind": _field("What the person was certified as.", "FASDA"),
    "CertificationEnded.valid_to": _field("The first day after it.", "2025-01-01"),
    "consent_id": _field("The consent.", "019a9c4a-bbbb-7a00-8000-000000000001"),
    "purpose": _field("What the data may be used for.", "CERITA_PERUBAHAN"),
    "legal_basis": _field("On which ground of the law.", "PERSETUJUAN"),
    "text_version": _field("The version of the text that was shown to the person.", "persetujuan-2026-01"),
    "PersonMerged.survivor_id": _field(
        "The person under whom the record goes on.", "019a9c43-4444-7a00-8000-00000000000a"
    ),
    # What libraries have
    "snapshot_id": _field("The snapshot.", "019a9c4c-dddd-7a00-8000-000000000001"),
    "observed_on": _field("The local day of the observation.", "2026-03-14"),
    "computers_total": _field("All computers that the library was given or bought.", 5),
    "computers_working": _field("Of these, the ones that work.", 4),
    "computers_in_library_use": _field("Of the working ones, those that users of the library can use.", 3),
    "internet": _field("The kind of access to the internet.", "SERAT_OPTIK"),
    "down_mbps": _field("Download speed as measured, in Mbps; null where it was not.", 18.4),
    "up_mbps": _field("Upload speed as measured, in Mbps; null where it was not.", 6.1),
    "internet_hours": _field("Hours of internet a day.", 8),
    "electricity_hours": _field("Hours of electricity a day.", 24),
    "printers": _field("Printers that work.", 1),
    "staff_digital_level": _field("How well the staff use ICT, from 0 to 4.", 2),
    "readiness_level": _field("How ready the library's ICT is, from 0 to 4.", 4),
    "rubric_version": _field("The version of the rubric that gave the level.", "1"),
    "receipt_id": _field("The aid receipt.", "019a9c4d-eeee-7a00-8000-000000000001"),
    "item": _field("What was received.", "KOMPUTER"),
    "quantity": _field("How many pieces.", 3),
    "AidReceived.source": _field("Out of which budget.", "APBN"),
    "bast_no": _field("The number of the handover record (BAST).", "027/BAST/2021"),
    "bast_date": _field("The date of the handover record.", "2021-08-02"),
    "checked_on": _field("The local day of the check.", "2022-08-01"),
    "good": _field("Pieces found good and in use.", 2),
    "broken": _field("Pieces found broken.", 0),
    "diverted": _field("Pieces found in another use than the library's.", 1),
    "profile_id": _field("The profile.", "019a9c4e-ffff-7a00-8000-000000000001"),
    "gaps": _field("Thresholds that were missed.", ["GEDUNG"]),
    "SnpProfileRecorded.unknown": _field("Thresholds that were not observed.", ["TENAGA"]),
    "rules_version": _field("The version of the standard's rules.", "perka-6-2017"),
    "accreditation_id": _field("The accreditation.", "019a9c4f-abcd-7a00-8000-000000000001"),
    "grade": _field("The grade.", "B"),
    "instrument": _field("The set of questions that the library was judged by.", "SK 296/2022"),
    "granted_on": _field("The first day, a local date.", "2023-10-02"),
    "LibraryAccredited.valid_to": _field("The first day after it.", "2028-10-02"),
    "RegionVersionWithdrawn.valid_from": _field(
        "The start of the interval withdrawn; null before records began.", "2019-10-23"
    ),
    **{
        f"{struct}.kind": _field("What became of the region.", example)
        for struct, example in (("RegionLineageRecordedV1", "RECODED"), ("RegionLineageWithdrawn", "RENAMED"))
    },
    "RegionLineageRecordedV1.region_id": _field("The region that it leads to.", _REGION),
    "RegionLineageRecordedV1.effective_on": _field("The day from which the newer code holds.", "2019-10-23"),
    "RegionLineageRecordedV1.basis": _field("How the lineage is known.", "same name, same parent"),
    "RegionCodeAssigned.scheme": _field("Who gave the code.", "BPS"),
    "RegionCodeAssigned.code": _field("The code in that scheme; null takes an earlier one back.", "5103020009"),
    "RegionCodeAssigned.source": _field("Where it is written that the region has this code.", "Perka BPS 3/2024"),
    # Offices
    "office_id": _field("The office.", "019a9c48-9999-7a00-8000-00000000000a"),
    "OfficeRegistered.kind": _field(
        "National library, or library office of a province, a regency or a city.", "DINAS_KABKOTA"
    ),
    "OfficeRegistered.name": _field("The name of the office.", "Dinas Kearsipan dan Perpustakaan Kabupaten Badung"),
    "OfficeChanged.name": _field("The name of the office.", "Dinas Kearsipan dan Perpustakaan Kabupaten Badung"),
    "jurisdiction": _field("The regions that the office is in charge of, each with all below it.", [_REGION]),
    # Libraries
    "LibraryNominated.name": _field("The library's name.", "Perpustakaan Desa Mengwi"),
    "library_type": _field("The kind of library.", "DESA"),
    "scheme": _field("How the library is supported in the programme year.", "STIMULAN_APBN"),
    "status": _field("The library's status after the event.", "DITETAPKAN"),
    "fund_source": _field("Out of which budget it is supported; null where nobody said.", "APBN"),
    "sk_no": _field("The number of the decree (SK).", "103/SK/2021"),
    "sk_date": _field("The date of the decree.", "2021-03-01"),
    "old_name": _field("The name before.", "Perpustakaan Desa Mengwi"),
    "new_name": _field("The name from effective_on.", "Perpustakaan Widya Mengwi"),
    "old_region_id": _field("The region that it lay in before.", _REGION),
    "LibraryRelocated.region_id": _field("The region that it lies in from effective_on.", _REGION),
    "transfer_to": _field(
        "The library that takes over its open follow-up plans; null when there was nothing to take over.", _LIBRARY
    ),
    "waived_because": _field("Why its open follow-up plans were given up; null when they were not.", "Desa digabung"),
    "survivor_id": _field("The library that goes on for both.", _LIBRARY),
    "replica_id": _field("The library that is mentored.", _LIBRARY),
    "via_bimtek_id": _field("The Bimtek through which it is mentored; null where none is known.", _BIMTEK),
    "ExternalIdAssigned.scheme": _field("The register: NPP, SIM_TPBIS, KEMENDESA or OTHER.", "NPP"),
    "ExternalIdAssigned.value": _field("The number in that register.", "5103022D1000123"),
    "ExternalIdAssigned.valid_from": _field("The first day on which it is the library's number.", "2022-02-08"),
    "ExternalIdAssigned.valid_to": _field("The first day on which it is no longer; null while it is.", "2024-01-01"),
    "ExternalIdAssigned.source": _field("Where the number was learned.", "data.perpusnas.go.id"),
    "established_on": _field("The day on which the library was founded; null where it is not known.", "2015-08-17"),
    "established_sk_no": _field("The number of the decree that founded it; null where it is not known.", "4/2015"),
    # Bimtek
    "title": _field("The title of the Bimtek.", "Bimtek SPP-TIK Kabupaten Badung"),
    "BimtekPlanned.kind": _field("The kind of Bimtek.", "SPP_TIK"),
    "BimtekPlanned.level": _field("The level at which it is held.", "KABKOTA"),
    "BimtekPlanned.region_id": _field("The region that hosts it.", _REGION),
    "mode": _field("On site, online or both.", "LURING"),
    "region_basis": _field("What the hosting region rests on, as basis does for the record.", "inferred"),
    "starts_on": _field("The first day, a local date.", "2021-06-28"),
    "ends_on": _field("The last day, inclusive.", "2021-07-02"),
    "session_count": _field("How many sessions it has.", 5),
    "parent_bimtek_id": _field("The Bimtek that this one repeats further down; null at the top of a cascade.", _BIMTEK),
    "ParticipantRegistered.region_id": _field(
        "The region of the library represented, at the time of registration.", _REGION
    ),
    "session_no": _field("The session, counted from 1.", 1),
    "AttendanceRecorded.held_on": _field("The local date of the session.", "2021-06-28"),
    "AttendanceRecorded.status": _field("Whether and how the participant attended.", "HADIR"),
    "AttendanceCorrected.held_on": _field("The local date of the session.", "2021-06-28"),
    "AttendanceCorrected.status": _field("The right status, from now on.", "TERLAMBAT"),
    "old_status": _field("The status that this replaces.", "HADIR"),
    # Follow-up plans
    "items": {"description": "What the library means to do; the wording stays in the service."},
    "no": _field("The item, counted from 1.", 1),
    "pillar": _field(
        "The strategy it serves: LAYANAN_INFORMASI, PELIBATAN_MASYARAKAT or ADVOKASI.", "PELIBATAN_MASYARAKAT"
    ),
    "due_on": _field("By when, a local date.", "2021-12-31"),
    "item_no": _field("The item's number in its plan.", 1),
    "progress": _field("How much of the item is done, from 0 to 100.", 60),
    "completed_on": _field("The local date on which the item was done.", "2021-12-20"),
    "open_items": _field("How many items of the plan are neither completed nor cancelled, after this.", 0),
    # Activities
    "category": _field("The field of life that the activity serves.", "EKONOMI"),
    "starts_at": _field("When it began; the instant, with its offset.", "2021-09-11T10:00:00+08:00"),
    "held_on": _field("The local date; it decides the month in which the activity counts.", "2021-09-11"),
    "counts": {"description": "Attendances."},
    "method": _field("How the counts came about.", "COUNTED"),
    "total": _field("All attendances; each dimension adds up to it.", 24),
    "gender": {"description": "By gender."},
    "age": {"description": "By age in completed years."},
    "disability": _field("Of the total, people with a disability.", 1),
    "low_income": _field("Of the total, people of low income.", 9),
    "male": _field("Men and boys.", 8),
    "female": _field("Women and girls.", 16),
    "unknown": _field("Not known.", 0),
    "from_0_to_6": _field("0 to 6 years.", 0),
    "from_7_to_12": _field("7 to 12 years.", 4),
    "from_13_to_17": _field("13 to 17 years.", 6),
    "from_18_to_35": _field("18 to 35 years.", 8),
    "from_36_to_59": _field("36 to 59 years.", 5),
    "from_60": _field("60 years and more.", 1),
    # Targets
    "indicator": _field("What the target is set for.", "LIBRARIES"),
    "value": _field("The target: libraries, or provinces.", 12),
    "old_value": _field("The target before.", 10),
    # Imports
    "import_id": _field(
        "The import: one file of one caller; the same file again is the same import.",
        "019a9c49-8888-7a00-8000-000000000006",
    ),
    "form": _field("What the rows are, such as libraries.", "libraries"),
    "file_sha256": _field(
        "SHA-256 of the file's bytes, in hexadecimal.",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ),
    "rows": _field("Rows read from the file, empty ones left out.", 120),
    "BulkImportAccepted.region_id": _field("The region within which all rows must lie.", _REGION),
    "row_no": _field("The row's number in the file, as a spreadsheet shows it.", 7),
    "codes": _field("The stable codes of what is wrong with the row.", ["place-ambiguous"]),
    "rows_applied": _field("Rows applied by this import.", 117),
    "rows_known": _field("Rows that said what had been applied before.", 1),
    "rows_rejected": _field("Rows that could not be applied.", 2),
    # Low-water marks
    "service": _field("The service whose ledger it speaks of.", "registry"),
    "shard": _field("The part of that ledger, counted from 0; each part has marks of its own.", 0),
    "through": _field(
        "All that was recorded in the shard up to this instant lies below the offsets.", "2021-06-28T02:00:04.000000Z"
    ),
    "offsets": _field(
        "By topic and partition, the offset after the last event recorded up to then.",
        {"simpul.registry.libraries.v1": {"3": 118}},
    ),
    "topic_ids": _field(
        "Kafka's id of each topic that the offsets are of; a topic made anew has another.",
        {"simpul.registry.libraries.v1": "0199f0a2-6c1e-7d40-9a53-3f2b8c1d4e5f"},
    ),
}
