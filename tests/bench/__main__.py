"""All benchmarks, one after the other: `python -m tests.bench`."""

from tests.bench import embedded_emotions, four_ways, start_up

if __name__ == "__main__":
    start_up.main(11)
    embedded_emotions.main(5)
    four_ways.main(1_000_000, 5)
