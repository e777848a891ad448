"""Why a file as a whole is refused: one class per reason, each saying what to do. Rows have reasons of their own (cells.py)."""

from simpul_shared.errors import Invalid, Refusal


class FileRefused(Invalid):
    """Nothing of the file was applied."""

    slug = "file-refused"
    title = "Berkas ditolak"


class FileTooLarge(Refusal):
    status = 413
    slug = "file-too-large"
    title = "Berkas terlalu besar"


class FileEmpty(FileRefused):
    slug = "file-empty"
    title = "Berkas kosong"


class FileKindUnknown(FileRefused):
    slug = "file-kind-unknown"
    title = "Jenis berkas tidak didukung"


class FileEncrypted(FileRefused):
    slug = "file-encrypted"
    title = "Berkas dikunci kata sandi"


class FileHasMacros(FileRefused):
    slug = "file-has-macros"
    title = "Berkas berisi makro"


class FileInflates(FileRefused):
    slug = "file-inflates"
    title = "Isi berkas terlalu besar setelah dibuka"


class FileBroken(FileRefused):
    slug = "file-broken"
    title = "Berkas rusak"


class FileUnsafe(FileRefused):
    slug = "file-unsafe"
    title = "Berkas berisi bagian berbahaya"


class FileTooComplex(FileRefused):
    slug = "file-too-complex"
    title = "Berkas terlalu rumit untuk dibaca"


class EncodingUnknown(FileRefused):
    slug = "file-encoding-unknown"
    title = "Pengodean teks tidak dikenal"


class SheetAmbiguous(FileRefused):
    slug = "sheet-ambiguous"
    title = "Lembar data tidak jelas"


class HeaderMissing(FileRefused):
    slug = "header-missing"
    title = "Judul kolom tidak ditemukan"


class HeaderUnclear(FileRefused):
    slug = "header-unclear"
    title = "Judul kolom tidak jelas"


class HeaderSplit(FileRefused):
    slug = "header-split"
    title = "Judul kolom di dua baris"


class HeaderDoubled(FileRefused):
    slug = "header-doubled"
    title = "Judul kolom ganda"


class HeaderMerged(FileRefused):
    slug = "header-merged"
    title = "Judul kolom digabung"


class ColumnHidden(FileRefused):
    slug = "column-hidden"
    title = "Kolom tersembunyi"


class TooManyRows(FileRefused):
    slug = "too-many-rows"
    title = "Baris terlalu banyak"


class TooManyColumns(FileRefused):
    slug = "too-many-columns"
    title = "Kolom terlalu banyak"


_ALL: tuple[type[Refusal], ...] = (FileTooLarge, FileRefused, *FileRefused.__subclasses__())
KINDS = {one.slug: one for one in _ALL}
"""By slug: how a refusal comes back from the process that read the file."""
