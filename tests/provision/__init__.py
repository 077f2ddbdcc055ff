"""The provisioning jobs, and the make targets beside them: seal, promote, status, the backup of the sealing keys."""
