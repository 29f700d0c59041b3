"""``python -m pagemeter``: the command line."""

from pagemeter.cli import main

if __name__ == "__main__":
    main()
