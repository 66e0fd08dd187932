"""The audits as pages for people, each one file: `<home>/report`."""
