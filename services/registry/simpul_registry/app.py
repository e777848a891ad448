"""The registry's wiring: what `python -m simpul_registry` runs."""

from pathlib import Path

import simpul_shared
from simpul_shared.errors import Refusal
from simpul_shared.platform.service import Service

from simpul_registry.api import (
    decrees,
    duplicates,
    holdings,
    ict,
    libraries,
    offices,
    overrules,
    particulars,
    people,
    person_records,
    regions,
    succession,
)
from simpul_registry.consumers import HANDLERS, TOPICS
from simpul_registry.domain.aid import AidAlreadyReceived
from simpul_registry.domain.external_id import ExternalIdTaken
from simpul_registry.domain.nomination import EpisodeExists
from simpul_registry.domain.snp import AccreditationExists
from simpul_registry.domain.succession import ReplicaLinkedAlready
from simpul_registry.imports.libraries import FORM as LIBRARIES
from simpul_registry.jobs import index_people, load_regions
from simpul_registry.settings import RegistrySettings
from simpul_registry.store.regions import CodesOverlap, LineageCircular, RegionsOverlap

_OWN = Path(__file__).parent
_SHARED = Path(simpul_shared.__file__).parent

_NUMBER_TAKEN = ExternalIdTaken(
    "The number is another library's on one of these days. Look for it: GET /v1/libraries?external_id=..., and end it there.",
    field="/value",
)

CONSTRAINTS: dict[str, Refusal] = {
    "support_episode_open_key": EpisodeExists(
        "The library has an open support episode for that programme year already. Name another year.",
        field="/programme_year",
    ),
    "region_code_overlap": CodesOverlap(
        "Another region has this code in that time. Take that assignment back first.", field="/code"
    ),
    "region_code_region_overlap": CodesOverlap(
        "The region has another code of this scheme in that time. Take that assignment back, or give it an end.",
        field="/valid_from",
    ),
    "region_code_interval": CodesOverlap(
        "The interval ends before it begins. Name a later valid_to.", field="/valid_to"
    ),
    "region_lineage_acyclic": LineageCircular(
        "Lineage would run in a circle: a region would come of itself. Leave that row out, or rule it APART."
    ),
    "region_version_code_overlap": RegionsOverlap(
        "Two regions would have one code on the same day. Read the regions concerned again and decide anew."
    ),
    "region_version_region_overlap": RegionsOverlap(
        "A region would have two codes on the same day. Read the regions concerned again and decide anew."
    ),
    "aid_receipt_line_key": AidAlreadyReceived(
        "This line of the handover record was recorded already. Check its number, or record a check of the condition.",
        field="/bast_no",
    ),
    "accreditation_grant_key": AccreditationExists(
        "An accreditation of that day was recorded already. Read the library's accreditations.", field="/granted_on"
    ),
    "external_id_open_key": _NUMBER_TAKEN,
    "external_id_overlap": _NUMBER_TAKEN,
    "replica_link_open_key": ReplicaLinkedAlready(
        "The library mentors that one already; there is nothing to add.", field="/replica_id"
    ),
}

SERVICE = Service(
    name="registry",
    title="Registry: regions, libraries, people",
    settings=RegistrySettings,
    routers=[
        regions.router,
        decrees.router,
        overrules.router,
        offices.router,
        libraries.router,
        succession.router,
        duplicates.router,
        particulars.router,
        people.router,
        person_records.router,
        ict.router,
        holdings.router,
    ],
    migrations=[("regions", _SHARED / "regions" / "migrations"), ("registry", _OWN / "migrations")],
    handlers=HANDLERS,
    topics=TOPICS,
    constraints=CONSTRAINTS,
    jobs={"load-regions": load_regions, "index-people": index_people},
    forms=[LIBRARIES],
)
