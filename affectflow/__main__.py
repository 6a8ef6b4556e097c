"""`python -m affectflow` is `affectflow`."""

from affectflow.cli import main

if __name__ == "__main__":
    main()
