"""Plays the examples of docs/data.md for tables, in a folder that has `tables/` in it.

    cd FOLDER && python3 read_tables.py docs/data.md

Every block of Python that imports pandas is run, and every block of SQL that reads tables is asked of DuckDB:
each has to find something. Prints the medians that pandas and DuckDB compute, in ms, as JSON.
"""

import contextlib
import io
import json
import sys

import duckdb
import pandas


def blocks(text, language):
    parts = text.split(f"```{language}\n")[1:]
    return [part.split("```")[0] for part in parts]


def play(code):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(code, {})
    assert said.getvalue().strip(), code
    return said.getvalue()


def main(path):
    with open(path) as file:
        text = file.read()
    codes = [code for code in blocks(text, "python") if "import pandas" in code]
    queries = [query for query in blocks(text, "sql") if "'tables/" in query]
    assert codes and queries
    for code in codes:
        play(code)
    for query in queries:
        assert duckdb.sql(query).fetchall(), query
    for name in ["runs", "requests", "samples", "workers", "cores", "switches"]:
        csv = pandas.read_csv(f"tables/{name}.csv")
        commented = pandas.read_csv(f"tables/{name}.csv", comment="#")
        jsonl = pandas.read_json(f"tables/{name}.jsonl", lines=True)
        [(rows,)] = duckdb.sql(f"SELECT count(*) FROM 'tables/{name}.csv'").fetchall()
        [(lines,)] = duckdb.sql(f"SELECT count(*) FROM 'tables/{name}.jsonl'").fetchall()
        assert len(csv) == len(commented) == len(jsonl) == rows == lines, name
        assert list(csv.columns) == list(jsonl.columns), name
    requests = pandas.read_csv("tables/requests.csv")
    medians = requests[requests.counted].groupby("variant").latency_ns.quantile(0.5, interpolation="lower") / 1e6
    query = "SELECT variant, quantile_disc(latency_ns, 0.5) / 1e6 FROM 'tables/requests.jsonl' WHERE counted GROUP BY ALL"
    print(json.dumps({"pandas": medians.to_dict(), "duckdb": dict(duckdb.sql(query).fetchall())}))


main(sys.argv[1])
