"""The command line: files, terminal and exit status; one module for each command."""
