-- The watermark of I11: bytes below `synced` survive a power cut; those above it were written under the boot `boot` of the machine.
-- Nobody knows what of older uploads was synced: nothing, and the sweeper makes up for it under the running boot.
ALTER TABLE uploads ADD COLUMN synced INTEGER NOT NULL DEFAULT 0;
ALTER TABLE uploads ADD COLUMN boot TEXT NOT NULL DEFAULT '';
UPDATE uploads SET boot = running_boot();
