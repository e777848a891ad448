-- Cells of refused rows are kept while somebody may mend them, and not for as long as the receipts.
alter table bulk_import add column cells_forgotten_at timestamptz;
comment on column bulk_import.cells_forgotten_at is 'When the cells of its refused rows were gone, some time after it was completed';
comment on column bulk_import_row.cells is 'The cells as texts (JSON), for the errors file; gone once the row is applied, or some time after the import was completed';
