"""What Dagster runs, a folder per stage; a file added here is loaded without a list."""
