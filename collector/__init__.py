"""HTTP in: opens, clicks, unsubscribes and events become landing files, never warehouse writes."""
