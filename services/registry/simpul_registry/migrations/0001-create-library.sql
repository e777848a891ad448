-- Libraries and their support per programme year; the history of both is the ledger.
create table library (
    library_id uuid not null,
    name text not null,
    type text not null,
    region_id uuid not null,
    status text not null,
    nominated_on date not null,
    status_since date not null,
    named_since date not null,
    basis text not null,
    version bigint not null,
    constraint library_pkey primary key (library_id),
    constraint library_name_filled check (name <> ''),
    constraint library_type_known check (type in ('PROVINSI', 'KABKOTA', 'KECAMATAN', 'DESA', 'TBM', 'RUMAH_IBADAH')),
    constraint library_status_known check (status in ('DIUSULKAN', 'TERVERIFIKASI', 'DIKEMBALIKAN', 'DITOLAK',
        'DITETAPKAN', 'AKTIF', 'NONAKTIF', 'DITUTUP')),
    constraint library_basis_known check (basis in ('stated', 'inferred', 'sample'))
);
create index library_region_idx on library (region_id);
create index library_name_idx on library (name, library_id);
comment on table library is 'One row per library as it is now; type, place and state';
comment on column library.status_since is 'Local day from which the status holds';
comment on column library.version is 'Version of its last event in the ledger; the ETag';

create table support_episode (
    library_id uuid not null,
    episode_no integer not null,
    programme_year integer not null,
    scheme text not null,
    status text not null,
    sk_no text,
    sk_date date,
    constraint support_episode_pkey primary key (library_id, episode_no),
    constraint support_episode_library foreign key (library_id) references library (library_id),
    constraint support_episode_scheme_known check (scheme in ('STIMULAN_APBN', 'REPLIKASI_MANDIRI', 'BUKU_BERMUTU',
        'USULAN_DAERAH')),
    constraint support_episode_status_known check (status in ('DIUSULKAN', 'TERVERIFIKASI', 'DIKEMBALIKAN', 'DITOLAK',
        'DITETAPKAN')),
    constraint support_episode_decree_given check (status <> 'DITETAPKAN'
        or (sk_no is not null and sk_no <> '' and sk_date is not null))
);
create unique index support_episode_open_key on support_episode (library_id, programme_year) where status <> 'DITOLAK';
create index support_episode_year_idx on support_episode (programme_year, scheme);
comment on table support_episode is 'Support of a library in a programme year; at most one that is not rejected per year';
comment on column support_episode.sk_no is 'Number of the decree (surat keputusan) that designated it';

grant select, insert, update on library, support_episode to simpul_app;
