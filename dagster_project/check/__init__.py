"""What `sendhouse check` looks at before anything is sent."""
