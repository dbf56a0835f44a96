"""`python -m headgate.cli`: the command line where the script is not on the PATH."""

from headgate.cli.main import main

main()
