-- The aggregates of the saga order whose log goes wrong, each with its first bad row.
-- Runs unchanged on DuckDB, PostgreSQL and SQLite. Where events are in another table,
-- change `log`, and nothing else. `sagac audit` says the same, and why.
--
-- Generated from order.saga; change that instead.

WITH log AS (
    SELECT aggregate_id, seq, version, COALESCE(event, '') AS event, step
    FROM saga_event
    WHERE saga = 'order'
),
steps (step, bit) AS (
    VALUES
        (0, 1),  -- check_out
        (1, 2),  -- make_payment
        (2, 4),  -- try_another_card
        (3, 8),  -- cancel_order
        (4, 16),  -- abandon
        (5, 32),  -- validate_payment
        (6, 64),  -- pack_parcel
        (7, 128),  -- send_invoice
        (8, 256),  -- close_parcel
        (9, 512),  -- hand_to_courier
        (10, 1024),  -- sign_receipt
        (11, 2048),  -- make_payment_2
        (12, 4096),  -- make_payment_3
        (13, 8192)  -- try_another_card_2
),
-- What each row adds to the record of its aggregate.
added AS (
    SELECT
        log.*,
        COALESCE(bit, 0) AS bit,
        ROW_NUMBER() OVER told AS place,
        LAG(version) OVER told AS version_before,
        LAG(event) OVER told AS event_before,
        CASE WHEN event IN ('', 'begin') THEN COALESCE(bit, 0) ELSE 0 END AS adds_begun,
        CASE WHEN event IN ('', 'done', 'waive') THEN COALESCE(bit, 0) ELSE 0 END AS adds_done,
        CASE WHEN event IN ('fail', 'undo') THEN COALESCE(bit, 0) ELSE 0 END AS adds_closed,
        CASE event WHEN 'abort' THEN 1 WHEN 'finish' THEN 2 ELSE 0 END AS adds_control
    FROM log
    LEFT JOIN steps ON steps.step = log.step
    WINDOW told AS (PARTITION BY aggregate_id ORDER BY seq)
),
-- The record before each row. Sum and union agree until a bit comes twice, and the row
-- that brings it is bad already; from there on the halves keep sums from overflowing.
record AS (
    SELECT
        aggregate_id, seq, version, event, step, bit, place, version_before, event_before,
        CAST(COALESCE(SUM(adds_begun) OVER past, 0) AS BIGINT) AS begun,
        CAST(COALESCE(SUM(adds_done) OVER past, 0) AS BIGINT) AS done,
        CAST(COALESCE(SUM(adds_closed) OVER past, 0) AS BIGINT) AS closed,
        CAST(COALESCE(SUM(adds_control) OVER past, 0) AS BIGINT) AS control
    FROM added
    WINDOW past AS (
        PARTITION BY aggregate_id ORDER BY place
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
),
judged AS (
    SELECT
        aggregate_id, place, seq, version, event, step,
        CASE
            WHEN seq IS NULL OR seq <> place THEN 'sequence'
            WHEN version IS NULL OR version NOT IN (1) THEN 'version'
            WHEN event <> 'upgrade' AND version <> version_before THEN 'version'
            WHEN event = 'upgrade' AND (version_before IS NULL OR version <= version_before) THEN 'refused'
            WHEN event IN ('start', 'upgrade', 'try', 'undoing', 'failed', 'raised', 'lost', 'asked', 'parked', 'stuck', 'resume', 'resolve', 'late') THEN ''
            WHEN event NOT IN ('', 'begin', 'done', 'fail', 'undo', 'waive', 'abort', 'finish') THEN 'event'
            WHEN event NOT IN ('abort', 'finish') AND NOT COALESCE(CASE version
                WHEN 1 THEN step IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)
            END, 1 = 0) THEN 'step'
            WHEN version = 1 THEN CASE
                WHEN event IN ('', 'begin') AND step = 0 AND control = 0 AND ((begun | done) & 1) = 0 THEN ''
                WHEN event IN ('', 'begin') AND step = 1 AND control = 0 AND ((begun | done) & 2) = 0 AND (((begun | done) & 24) = 0 AND (done & 1) <> 0) THEN ''
                WHEN event IN ('', 'begin') AND step = 2 AND control = 0 AND ((begun | done) & 4) = 0 AND (((begun | done) & 8) = 0 AND ((closed & ~done) & 2) <> 0) THEN ''
                WHEN event IN ('', 'begin') AND step = 3 AND control = 0 AND ((begun | done) & 8) = 0 AND ((((begun | done) & 18) = 0 AND (done & 1) <> 0) OR (((begun | done) & 2064) = 0 AND (done & 4) <> 0) OR (((begun | done) & 4112) = 0 AND (done & 8192) <> 0) OR (((begun | done) & 4) = 0 AND ((closed & ~done) & 2) <> 0) OR (((begun | done) & 8192) = 0 AND ((closed & ~done) & 2048) <> 0) OR ((closed & ~done) & 4096) <> 0) THEN ''
                WHEN event IN ('', 'begin') AND step = 4 AND control = 0 AND ((begun | done) & 16) = 0 AND ((((begun | done) & 10) = 0 AND (done & 1) <> 0) OR (((begun | done) & 2056) = 0 AND (done & 4) <> 0) OR (((begun | done) & 4104) = 0 AND (done & 8192) <> 0)) THEN ''
                WHEN event IN ('', 'begin') AND step = 5 AND control = 0 AND ((begun | done) & 32) = 0 AND (done & 6146) <> 0 THEN ''
                WHEN event IN ('', 'begin') AND step = 6 AND control = 0 AND ((begun | done) & 64) = 0 AND (done & 32) <> 0 THEN ''
                WHEN event IN ('', 'begin') AND step = 7 AND control = 0 AND ((begun | done) & 128) = 0 AND (done & 32) <> 0 THEN ''
                WHEN event IN ('', 'begin') AND step = 8 AND control = 0 AND ((begun | done) & 256) = 0 AND ((done & 64) <> 0 AND (done & 128) <> 0) THEN ''
                WHEN event IN ('', 'begin') AND step = 9 AND control = 0 AND ((begun | done) & 512) = 0 AND (done & 256) <> 0 THEN ''
                WHEN event IN ('', 'begin') AND step = 10 AND control = 0 AND ((begun | done) & 1024) = 0 AND (done & 512) <> 0 THEN ''
                WHEN event IN ('', 'begin') AND step = 11 AND control = 0 AND ((begun | done) & 2048) = 0 AND (((begun | done) & 24) = 0 AND (done & 4) <> 0) THEN ''
                WHEN event IN ('', 'begin') AND step = 12 AND control = 0 AND ((begun | done) & 4096) = 0 AND (((begun | done) & 24) = 0 AND (done & 8192) <> 0) THEN ''
                WHEN event IN ('', 'begin') AND step = 13 AND control = 0 AND ((begun | done) & 8192) = 0 AND (((begun | done) & 8) = 0 AND ((closed & ~done) & 2048) <> 0) THEN ''
                WHEN event = 'done' AND control < 2 AND (begun & ~done & ~closed & bit) <> 0 THEN ''
                WHEN event = 'fail' AND step IN (1, 6, 7, 9, 11, 12) AND control < 2 AND (begun & ~done & ~closed & bit) <> 0 THEN ''
                WHEN event = 'undo' AND step = 1 AND control = 1 AND ((begun & ~closed) & 2) <> 0 AND (done & 2) <> 0 AND ((begun & ~closed) & 6848) = 0 THEN ''
                WHEN event = 'undo' AND step = 6 AND control = 1 AND ((begun & ~closed) & 64) <> 0 AND (done & 64) <> 0 AND ((begun & ~closed) & 512) = 0 THEN ''
                WHEN event = 'undo' AND step = 7 AND control = 1 AND ((begun & ~closed) & 128) <> 0 AND ((begun & ~closed) & 512) = 0 THEN ''
                WHEN event = 'undo' AND step = 11 AND control = 1 AND ((begun & ~closed) & 2048) <> 0 AND (done & 2048) <> 0 AND ((begun & ~closed) & 4800) = 0 THEN ''
                WHEN event = 'undo' AND step = 12 AND control = 1 AND ((begun & ~closed) & 4096) <> 0 AND (done & 4096) <> 0 AND ((begun & ~closed) & 704) = 0 THEN ''
                WHEN event = 'abort' AND control = 0 AND ((begun & ~closed) & 512) = 0 THEN ''
                WHEN event = 'finish' AND ((begun & ~done & ~closed) & 16383) = 0 AND ((control = 0 AND ((closed & ~done) & 10237) = 0 AND (((done & 1024) <> 0 OR (done & 24) <> 0) AND (NOT (((begun | done) & 1) = 0)) AND (NOT ((done & 1) <> 0 AND ((begun | done) & 26) = 0)) AND (NOT ((done & 4) <> 0 AND ((begun | done) & 2072) = 0)) AND (NOT ((done & 8192) <> 0 AND ((begun | done) & 4120) = 0)) AND (NOT (((closed & ~done) & 2) <> 0 AND ((begun | done) & 12) = 0)) AND (NOT (((closed & ~done) & 2048) <> 0 AND ((begun | done) & 8200) = 0)) AND (NOT (((closed & ~done) & 4096) <> 0 AND ((begun | done) & 8) = 0)) AND (NOT ((done & 6146) <> 0 AND ((begun | done) & 32) = 0)) AND (NOT ((done & 32) <> 0 AND ((begun | done) & 64) = 0)) AND (NOT ((done & 32) <> 0 AND ((begun | done) & 128) = 0)) AND (NOT ((done & 64) <> 0 AND ((begun | done) & 256) = 0)) AND (NOT ((done & 128) <> 0 AND ((begun | done) & 256) = 0)) AND (NOT ((done & 256) <> 0 AND ((begun | done) & 512) = 0)) AND (NOT ((done & 512) <> 0 AND ((begun | done) & 1024) = 0)))) OR (control = 1 AND ((begun & ~closed) & 6850) = 0)) THEN ''
                ELSE 'refused'
            END
        END AS kind
    FROM record
),
bad AS (
    SELECT
        aggregate_id, place, seq, version, event, step, kind,
        ROW_NUMBER() OVER (PARTITION BY aggregate_id ORDER BY place) AS nth
    FROM judged
    WHERE kind <> ''
)
SELECT aggregate_id, place, seq, version, event, step, kind
FROM bad
WHERE nth = 1
ORDER BY aggregate_id;
