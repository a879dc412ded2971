"""`python -m tusline` is the command `tusline`."""

from tusline.cli import main

main()
