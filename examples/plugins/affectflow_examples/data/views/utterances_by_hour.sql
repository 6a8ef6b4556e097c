-- one row is one hour of the day, in UTC, with the number of utterances written in it
SELECT hour(timestamp) AS hour, count(*) AS n_utterances
FROM utterances
WHERE timestamp IS NOT NULL
GROUP BY ALL
