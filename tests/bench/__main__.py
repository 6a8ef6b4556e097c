"""All benchmarks, one after the other: `python -m tests.bench`.

Those of scale are last, and take hours on two cores.
"""

from tests.bench import embedded_emotions, four_ways, ingest, scale, spark, start_up

if __name__ == "__main__":
    start_up.main(11)
    embedded_emotions.main(5)
    four_ways.main(1_000_000, 5)
    ingest.main(300_000, 5, [])
    for command in ("limits", "files", "growth", "skew", "table"):
        print(f"\nscale {command}")
        scale.main([command])
    print("\nspark")
    spark.main(spark.ROWS, spark.PARTS, 1)
