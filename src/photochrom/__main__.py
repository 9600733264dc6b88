"""`python -m photochrom`."""

from photochrom.cli.start import main

if __name__ == "__main__":
    main()
