"""The audits as HTML pages, one file each, under `<home>/report`."""
