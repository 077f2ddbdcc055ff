"""The provisioning jobs, and what people run beside them: seal, promote, status, the keys' backup."""
