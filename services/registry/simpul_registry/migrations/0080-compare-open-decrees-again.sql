-- Decrees under review were compared without time zones: as after a change of the map, they are compared again before approval.
update region_map set edition = edition + 1;
