"""The uploading client behind `tusline upload`: tuspy with patience, a memory and a watchdog."""
