-- one row is one hour of the day, in UTC, with how many utterances were written in it
SELECT hour(timestamp) AS hour, count(*) AS n_utterances
FROM utterances
WHERE timestamp IS NOT NULL
GROUP BY ALL
