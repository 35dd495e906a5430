-- Generated from order.saga; change that instead.
--
-- The tables of a store, what guards the rows of the saga `order` there, and views
-- and indexes to read them. To be run again after each change of the saga:
--
--     psql -v ON_ERROR_STOP=1 -f order.postgres.sql orders

BEGIN;

-- What is made here means the tables of this schema, also where a client has tables of
-- its own under their names.
DO $$
BEGIN
    PERFORM set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
END
$$;

-- Alone with the tables, or not at all: workers lock them in any order, so whoever
-- waits for one while it has another could wait for them, and they for it.
DO $$
BEGIN
    IF to_regclass('saga_process') IS NULL THEN
        RETURN;
    END IF;
    LOOP
        BEGIN
            LOCK TABLE saga_process IN SHARE ROW EXCLUSIVE MODE;
            LOCK TABLE saga_event, saga_tombstone, saga_outbox
                IN SHARE ROW EXCLUSIVE MODE NOWAIT;
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            IF clock_timestamp() - statement_timestamp()
                >= nullif(current_setting('lock_timeout'), '0')::interval THEN
                RAISE;
            END IF;
            PERFORM pg_sleep(0.01);
        END;
    END LOOP;
END
$$;

-- The tables are the same for every saga.

CREATE TABLE IF NOT EXISTS saga_schema (
    version BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (version)
);

CREATE TABLE IF NOT EXISTS saga_process (
    saga TEXT NOT NULL DEFAULT '',
    aggregate_id TEXT NOT NULL DEFAULT '',
    version BIGINT NOT NULL DEFAULT 0,
    begun BIGINT NOT NULL DEFAULT 0,
    done BIGINT NOT NULL DEFAULT 0,
    closed BIGINT NOT NULL DEFAULT 0,
    control BIGINT NOT NULL DEFAULT 0,
    seq BIGINT NOT NULL DEFAULT 0,
    parked BIGINT NOT NULL DEFAULT 0,
    stuck BIGINT NOT NULL DEFAULT 0,
    started BIGINT NOT NULL DEFAULT 0,
    deadline BIGINT NOT NULL DEFAULT 0,
    due BIGINT NOT NULL DEFAULT 0,
    fence BIGINT NOT NULL DEFAULT 0,
    lease BIGINT NOT NULL DEFAULT 0,
    worker TEXT NOT NULL DEFAULT '',
    data TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (saga, aggregate_id)
);

CREATE TABLE IF NOT EXISTS saga_event (
    saga TEXT NOT NULL DEFAULT '',
    aggregate_id TEXT NOT NULL DEFAULT '',
    seq BIGINT NOT NULL DEFAULT 0,
    version BIGINT NOT NULL DEFAULT 0,
    event TEXT NOT NULL DEFAULT '',
    step BIGINT,
    attempt BIGINT NOT NULL DEFAULT 0,
    actor TEXT NOT NULL DEFAULT '',
    time BIGINT NOT NULL DEFAULT 0,
    note TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (saga, aggregate_id, seq)
);

CREATE TABLE IF NOT EXISTS saga_tombstone (
    saga TEXT NOT NULL DEFAULT '',
    aggregate_id TEXT NOT NULL DEFAULT '',
    version BIGINT NOT NULL DEFAULT 0,
    begun BIGINT NOT NULL DEFAULT 0,
    done BIGINT NOT NULL DEFAULT 0,
    closed BIGINT NOT NULL DEFAULT 0,
    control BIGINT NOT NULL DEFAULT 0,
    events BIGINT NOT NULL DEFAULT 0,
    outcome TEXT NOT NULL DEFAULT '',
    started BIGINT NOT NULL DEFAULT 0,
    ended BIGINT NOT NULL DEFAULT 0,
    forget BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (saga, aggregate_id)
);

CREATE TABLE IF NOT EXISTS saga_archive (
    saga TEXT NOT NULL DEFAULT '',
    aggregate_id TEXT NOT NULL DEFAULT '',
    started BIGINT NOT NULL DEFAULT 0,
    ended BIGINT NOT NULL DEFAULT 0,
    version BIGINT NOT NULL DEFAULT 0,
    outcome TEXT NOT NULL DEFAULT '',
    data TEXT NOT NULL DEFAULT '',
    events TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (saga, aggregate_id, started)
);

CREATE TABLE IF NOT EXISTS saga_outbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    saga TEXT NOT NULL DEFAULT '',
    aggregate_id TEXT NOT NULL DEFAULT '',
    seq BIGINT NOT NULL DEFAULT 0,
    event TEXT NOT NULL DEFAULT '',
    step BIGINT,
    time BIGINT NOT NULL DEFAULT 0,
    note TEXT NOT NULL DEFAULT ''
);

CREATE TABLE IF NOT EXISTS saga_relay (
    saga TEXT NOT NULL DEFAULT '',
    fence BIGINT NOT NULL DEFAULT 0,
    lease BIGINT NOT NULL DEFAULT 0,
    worker TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (saga)
);

CREATE INDEX IF NOT EXISTS saga_process_due ON saga_process (saga, due) WHERE due > 0;

CREATE INDEX IF NOT EXISTS saga_process_parked ON saga_process (saga) WHERE parked > 0 OR stuck > 0;

CREATE INDEX IF NOT EXISTS saga_tombstone_forget ON saga_tombstone (forget);

CREATE INDEX IF NOT EXISTS saga_outbox_order ON saga_outbox (saga, id);

INSERT INTO saga_schema (version)
SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM saga_schema);

-- What no client may do, whatever it is written in.

CREATE OR REPLACE FUNCTION "order$insert"() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF (
        current_setting('transaction_isolation') = 'read committed'
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: a process is started in READ COMMITTED', NEW.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF (
        NEW.version IN (1)
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: its version is not known', NEW.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF (
        NEW.begun = 0 AND NEW.done = 0 AND NEW.closed = 0 AND NEW.control = 0 AND
            NEW.seq = 1
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: a process starts with nothing done and `seq` 1', NEW.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF (
        NOT EXISTS (SELECT 1 FROM saga_tombstone WHERE saga = NEW.saga AND
            aggregate_id = NEW.aggregate_id)
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: it has ended, and its tombstone is still there', NEW.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER "order$insert"
AFTER INSERT ON saga_process FOR EACH ROW
WHEN (NEW.saga = 'order')
EXECUTE FUNCTION "order$insert"();

CREATE OR REPLACE FUNCTION "order$update"() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF (
        NEW.saga = OLD.saga AND NEW.aggregate_id = OLD.aggregate_id AND NEW.started
            = OLD.started
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: its id and its start never change', OLD.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF (
        ((OLD.begun & ~NEW.begun) | (OLD.done & ~NEW.done) | (OLD.closed &
            ~NEW.closed) | (OLD.control & ~NEW.control)) = 0
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: what has happened is not taken back', OLD.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF (
        NEW.seq = OLD.seq + 1 OR (NEW.seq = OLD.seq AND NEW.version = OLD.version
            AND NEW.begun = OLD.begun AND NEW.done = OLD.done AND NEW.closed =
            OLD.closed AND NEW.control = OLD.control)
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: each change is a row of its log, which `seq` counts', OLD.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF (
        NEW.seq = OLD.seq OR EXISTS (SELECT 1 FROM saga_event WHERE saga = OLD.saga
            AND aggregate_id = OLD.aggregate_id AND seq = OLD.seq)
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: the change before is not yet in its log', OLD.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF (
        NEW.seq = OLD.seq OR NEW.version IN (1)
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: its version is not known', OLD.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF (
        NEW.seq = OLD.seq OR NEW.version <> OLD.version OR CASE OLD.version
            WHEN 1 THEN CASE
                WHEN NEW.done = OLD.done AND NEW.closed = OLD.closed AND NEW.control
                    = OLD.control THEN CASE (NEW.begun & ~OLD.begun)
                    WHEN 0 THEN 1 = 1
                    WHEN 1 THEN OLD.control = 0 AND ((OLD.begun | OLD.done) & 1) = 0
                    WHEN 2 THEN OLD.control = 0 AND ((OLD.begun | OLD.done) & 2) = 0
                        AND (((OLD.begun | OLD.done) & 24) = 0 AND (OLD.done & 1) <>
                        0)
                    WHEN 4 THEN OLD.control = 0 AND ((OLD.begun | OLD.done) & 4) = 0
                        AND (((OLD.begun | OLD.done) & 8) = 0 AND ((OLD.closed &
                        ~OLD.done) & 2) <> 0)
                    WHEN 2048 THEN OLD.control = 0 AND ((OLD.begun | OLD.done) &
                        2048) = 0 AND (((OLD.begun | OLD.done) & 24) = 0 AND
                        (OLD.done & 4) <> 0)
                    WHEN 8192 THEN OLD.control = 0 AND ((OLD.begun | OLD.done) &
                        8192) = 0 AND (((OLD.begun | OLD.done) & 8) = 0 AND
                        ((OLD.closed & ~OLD.done) & 2048) <> 0)
                    WHEN 4096 THEN OLD.control = 0 AND ((OLD.begun | OLD.done) &
                        4096) = 0 AND (((OLD.begun | OLD.done) & 24) = 0 AND
                        (OLD.done & 8192) <> 0)
                    WHEN 8 THEN OLD.control = 0 AND ((OLD.begun | OLD.done) & 8) = 0
                        AND ((((OLD.begun | OLD.done) & 18) = 0 AND (OLD.done & 1)
                        <> 0) OR (((OLD.begun | OLD.done) & 2064) = 0 AND (OLD.done
                        & 4) <> 0) OR (((OLD.begun | OLD.done) & 4112) = 0 AND
                        (OLD.done & 8192) <> 0) OR (((OLD.begun | OLD.done) & 4) = 0
                        AND ((OLD.closed & ~OLD.done) & 2) <> 0) OR (((OLD.begun |
                        OLD.done) & 8192) = 0 AND ((OLD.closed & ~OLD.done) & 2048)
                        <> 0) OR ((OLD.closed & ~OLD.done) & 4096) <> 0)
                    WHEN 16 THEN OLD.control = 0 AND ((OLD.begun | OLD.done) & 16) =
                        0 AND ((((OLD.begun | OLD.done) & 10) = 0 AND (OLD.done & 1)
                        <> 0) OR (((OLD.begun | OLD.done) & 2056) = 0 AND (OLD.done
                        & 4) <> 0) OR (((OLD.begun | OLD.done) & 4104) = 0 AND
                        (OLD.done & 8192) <> 0))
                    WHEN 32 THEN OLD.control = 0 AND ((OLD.begun | OLD.done) & 32) =
                        0 AND (OLD.done & 6146) <> 0
                    WHEN 64 THEN OLD.control = 0 AND ((OLD.begun | OLD.done) & 64) =
                        0 AND (OLD.done & 32) <> 0
                    WHEN 128 THEN OLD.control = 0 AND ((OLD.begun | OLD.done) & 128)
                        = 0 AND (OLD.done & 32) <> 0
                    WHEN 256 THEN OLD.control = 0 AND ((OLD.begun | OLD.done) & 256)
                        = 0 AND ((OLD.done & 64) <> 0 AND (OLD.done & 128) <> 0)
                    WHEN 512 THEN OLD.control = 0 AND ((OLD.begun | OLD.done) & 512)
                        = 0 AND (OLD.done & 256) <> 0
                    WHEN 1024 THEN OLD.control = 0 AND ((OLD.begun | OLD.done) &
                        1024) = 0 AND (OLD.done & 512) <> 0
                    ELSE 1 = 0 END
                WHEN NEW.begun = OLD.begun AND NEW.closed = OLD.closed AND
                    NEW.control = OLD.control THEN OLD.control < 2 AND ((NEW.done &
                    ~OLD.done) & ~((OLD.begun & ~OLD.done & ~OLD.closed) & 16383)) =
                    0 AND ((NEW.done & ~OLD.done) & ((NEW.done & ~OLD.done) - 1)) =
                    0
                WHEN NEW.begun = OLD.begun AND NEW.done = OLD.done AND NEW.control =
                    OLD.control THEN (OLD.control < 2 AND ((NEW.closed &
                    ~OLD.closed) & ~((OLD.begun & ~OLD.done & ~OLD.closed) & 6850))
                    = 0 AND ((NEW.closed & ~OLD.closed) & ((NEW.closed &
                    ~OLD.closed) - 1)) = 0) OR (CASE (NEW.closed & ~OLD.closed)
                    WHEN 2 THEN OLD.control = 1 AND ((OLD.begun & ~OLD.closed) & 2)
                        <> 0 AND (OLD.done & 2) <> 0 AND ((OLD.begun & ~OLD.closed)
                        & 6848) = 0
                    WHEN 2048 THEN OLD.control = 1 AND ((OLD.begun & ~OLD.closed) &
                        2048) <> 0 AND (OLD.done & 2048) <> 0 AND ((OLD.begun &
                        ~OLD.closed) & 4800) = 0
                    WHEN 4096 THEN OLD.control = 1 AND ((OLD.begun & ~OLD.closed) &
                        4096) <> 0 AND (OLD.done & 4096) <> 0 AND ((OLD.begun &
                        ~OLD.closed) & 704) = 0
                    WHEN 64 THEN OLD.control = 1 AND ((OLD.begun & ~OLD.closed) &
                        64) <> 0 AND (OLD.done & 64) <> 0 AND ((OLD.begun &
                        ~OLD.closed) & 512) = 0
                    WHEN 128 THEN OLD.control = 1 AND ((OLD.begun & ~OLD.closed) &
                        128) <> 0 AND ((OLD.begun & ~OLD.closed) & 512) = 0
                    ELSE 1 = 0 END)
                WHEN NEW.begun = OLD.begun AND NEW.done = OLD.done AND NEW.closed =
                    OLD.closed THEN CASE (NEW.control & ~OLD.control)
                    WHEN 1 THEN OLD.control = 0 AND ((OLD.begun & ~OLD.closed) &
                        512) = 0
                    WHEN 2 THEN ((OLD.begun & ~OLD.done & ~OLD.closed) & 16383) = 0
                        AND ((OLD.control = 0 AND ((OLD.closed & ~OLD.done) & 10237)
                        = 0 AND (((OLD.done & 1024) <> 0 OR (OLD.done & 24) <> 0)
                        AND (NOT (((OLD.begun | OLD.done) & 1) = 0)) AND (NOT
                        ((OLD.done & 1) <> 0 AND ((OLD.begun | OLD.done) & 26) = 0))
                        AND (NOT ((OLD.done & 4) <> 0 AND ((OLD.begun | OLD.done) &
                        2072) = 0)) AND (NOT ((OLD.done & 8192) <> 0 AND ((OLD.begun
                        | OLD.done) & 4120) = 0)) AND (NOT (((OLD.closed &
                        ~OLD.done) & 2) <> 0 AND ((OLD.begun | OLD.done) & 12) = 0))
                        AND (NOT (((OLD.closed & ~OLD.done) & 2048) <> 0 AND
                        ((OLD.begun | OLD.done) & 8200) = 0)) AND (NOT (((OLD.closed
                        & ~OLD.done) & 4096) <> 0 AND ((OLD.begun | OLD.done) & 8) =
                        0)) AND (NOT ((OLD.done & 6146) <> 0 AND ((OLD.begun |
                        OLD.done) & 32) = 0)) AND (NOT ((OLD.done & 32) <> 0 AND
                        ((OLD.begun | OLD.done) & 64) = 0)) AND (NOT ((OLD.done &
                        32) <> 0 AND ((OLD.begun | OLD.done) & 128) = 0)) AND (NOT
                        ((OLD.done & 64) <> 0 AND ((OLD.begun | OLD.done) & 256) =
                        0)) AND (NOT ((OLD.done & 128) <> 0 AND ((OLD.begun |
                        OLD.done) & 256) = 0)) AND (NOT ((OLD.done & 256) <> 0 AND
                        ((OLD.begun | OLD.done) & 512) = 0)) AND (NOT ((OLD.done &
                        512) <> 0 AND ((OLD.begun | OLD.done) & 1024) = 0)))) OR
                        (OLD.control = 1 AND ((OLD.begun & ~OLD.closed) & 6850) =
                        0))
                    ELSE 1 = 0 END
                ELSE 1 = 0 END
            ELSE 1 = 0 END
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: this is not one event that may happen to it now', OLD.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER "order$update"
BEFORE UPDATE ON saga_process FOR EACH ROW
WHEN ('order' IN (OLD.saga, NEW.saga) AND (OLD.saga, OLD.aggregate_id, OLD.version, OLD.begun, OLD.done, OLD.closed, OLD.control, OLD.seq, OLD.started) IS DISTINCT FROM (NEW.saga, NEW.aggregate_id, NEW.version, NEW.begun, NEW.done, NEW.closed, NEW.control, NEW.seq, NEW.started))
EXECUTE FUNCTION "order$update"();

CREATE OR REPLACE FUNCTION "order$upgrade"() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF (
        NEW.version IN (1)
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: its version is not known', OLD.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF (
        NEW.version = OLD.version OR 1 = 0
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: it may not move to this version', OLD.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER "order$upgrade"
BEFORE UPDATE ON saga_process FOR EACH ROW
WHEN ('order' IN (OLD.saga, NEW.saga) AND (OLD.version) IS DISTINCT FROM (NEW.version))
EXECUTE FUNCTION "order$upgrade"();

CREATE OR REPLACE FUNCTION "order$delete"() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF (
        current_setting('transaction_isolation') = 'read committed'
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: a process is deleted in READ COMMITTED', OLD.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF (
        (OLD.control & 2) <> 0
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: only a finished process is deleted', OLD.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF (
        EXISTS (SELECT 1 FROM saga_tombstone WHERE saga = OLD.saga AND aggregate_id
            = OLD.aggregate_id)
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: what ends leaves a tombstone', OLD.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF (
        NOT EXISTS (SELECT 1 FROM saga_event WHERE saga = OLD.saga AND aggregate_id
            = OLD.aggregate_id)
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: its log is deleted first', OLD.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN OLD;
END
$$;
CREATE OR REPLACE TRIGGER "order$delete"
BEFORE DELETE ON saga_process FOR EACH ROW
WHEN (OLD.saga = 'order')
EXECUTE FUNCTION "order$delete"();

CREATE OR REPLACE FUNCTION "order$log_insert"() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF (
        NEW.version IN (1)
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: its version is not known', NEW.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF (
        CASE
            WHEN NEW.event IN ('begin', 'done', 'fail', 'undo', 'waive') THEN
                NEW.step IS NOT NULL
            WHEN NEW.event IN ('abort', 'finish', 'start', 'upgrade') THEN NEW.step
                IS NULL
            ELSE NEW.event IN ('try', 'undoing', 'failed', 'raised', 'lost',
                'asked', 'parked', 'stuck', 'resume', 'resolve', 'late') END
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: a log has no such event', NEW.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF (
        NEW.step IS NULL OR CASE NEW.version
            WHEN 1 THEN NEW.step IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)
            ELSE 1 = 0 END
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: its version has no such step', NEW.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF (
        NEW.seq = 1 + coalesce((SELECT max(seq) FROM saga_event WHERE saga =
            NEW.saga AND aggregate_id = NEW.aggregate_id), 0)
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: the rows of a log have no gap', NEW.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF (
        NEW.seq = (SELECT seq FROM saga_process WHERE saga = NEW.saga AND
            aggregate_id = NEW.aggregate_id FOR KEY SHARE)
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: its process has not come to this row of the log', NEW.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER "order$log_insert"
BEFORE INSERT ON saga_event FOR EACH ROW
WHEN (NEW.saga = 'order')
EXECUTE FUNCTION "order$log_insert"();

CREATE OR REPLACE FUNCTION "order$log_update"() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF (
        1 = 0
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: a log is only appended to', OLD.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER "order$log_update"
BEFORE UPDATE ON saga_event FOR EACH ROW
WHEN ('order' IN (OLD.saga, NEW.saga))
EXECUTE FUNCTION "order$log_update"();

CREATE OR REPLACE FUNCTION "order$log_delete"() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF (
        NOT EXISTS (SELECT 1 FROM saga_process WHERE saga = OLD.saga AND
            aggregate_id = OLD.aggregate_id AND (control & 2) = 0)
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: a log is kept until its process has finished', OLD.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF (
        NOT EXISTS (SELECT 1 FROM saga_process WHERE saga = OLD.saga AND
            aggregate_id = OLD.aggregate_id) OR EXISTS (SELECT 1 FROM saga_tombstone
            WHERE saga = OLD.saga AND aggregate_id = OLD.aggregate_id)
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: a log is kept until there is a tombstone', OLD.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN OLD;
END
$$;
CREATE OR REPLACE TRIGGER "order$log_delete"
BEFORE DELETE ON saga_event FOR EACH ROW
WHEN (OLD.saga = 'order')
EXECUTE FUNCTION "order$log_delete"();

CREATE OR REPLACE FUNCTION "order$tombstone_insert"() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF (
        current_setting('transaction_isolation') = 'read committed'
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: a tombstone is made in READ COMMITTED', NEW.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF (
        NOT EXISTS (SELECT 1 FROM saga_process WHERE saga = NEW.saga AND
            aggregate_id = NEW.aggregate_id AND (control & 2) = 0)
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: its process has not finished', NEW.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF (
        NOT EXISTS (SELECT 1 FROM saga_tombstone WHERE saga = NEW.saga AND
            aggregate_id = NEW.aggregate_id AND forget > CAST(extract(epoch FROM
            clock_timestamp()) * 1000 AS BIGINT))
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: it has ended and is still remembered', NEW.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER "order$tombstone_insert"
BEFORE INSERT ON saga_tombstone FOR EACH ROW
WHEN (NEW.saga = 'order')
EXECUTE FUNCTION "order$tombstone_insert"();

CREATE OR REPLACE FUNCTION "order$tombstone_update"() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF (
        1 = 0
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: a tombstone stays as it is', OLD.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER "order$tombstone_update"
BEFORE UPDATE ON saga_tombstone FOR EACH ROW
WHEN ('order' IN (OLD.saga, NEW.saga))
EXECUTE FUNCTION "order$tombstone_update"();

CREATE OR REPLACE FUNCTION "order$tombstone_delete"() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF (
        OLD.forget <= CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'order %: what has ended is remembered until its time', OLD.aggregate_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN OLD;
END
$$;
CREATE OR REPLACE TRIGGER "order$tombstone_delete"
BEFORE DELETE ON saga_tombstone FOR EACH ROW
WHEN (OLD.saga = 'order')
EXECUTE FUNCTION "order$tombstone_delete"();

CREATE OR REPLACE FUNCTION "order$truncate"() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    -- It empties what a snapshot from before does not show.
    IF (current_setting('transaction_isolation') = 'read committed') IS NOT TRUE THEN
        RAISE EXCEPTION 'order: tables are emptied in READ COMMITTED'
            USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM saga_process WHERE saga = 'order')
        OR TG_TABLE_NAME = 'saga_tombstone'
        AND EXISTS (SELECT 1 FROM saga_tombstone WHERE saga = 'order')
    THEN
        RAISE EXCEPTION 'order: its rows are deleted one by one'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER "order$truncate"
BEFORE TRUNCATE ON saga_process FOR EACH STATEMENT
EXECUTE FUNCTION "order$truncate"();
CREATE OR REPLACE TRIGGER "order$truncate"
BEFORE TRUNCATE ON saga_event FOR EACH STATEMENT
EXECUTE FUNCTION "order$truncate"();
CREATE OR REPLACE TRIGGER "order$truncate"
BEFORE TRUNCATE ON saga_tombstone FOR EACH STATEMENT
EXECUTE FUNCTION "order$truncate"();

-- The processes by the names of the saga.

DROP VIEW IF EXISTS "order_process";
CREATE VIEW "order_process" AS
SELECT
    aggregate_id,
    version,
    substr(
        CASE WHEN "in_initialised" THEN ', initialised' ELSE '' END
        || CASE WHEN "in_checkout" THEN ', checkout' ELSE '' END
        || CASE WHEN "in_declined" THEN ', declined' ELSE '' END
        || CASE WHEN "in_payment_made" THEN ', payment_made' ELSE '' END
        || CASE WHEN "in_packing" THEN ', packing' ELSE '' END
        || CASE WHEN "in_invoicing" THEN ', invoicing' ELSE '' END
        || CASE WHEN "in_packed" THEN ', packed' ELSE '' END
        || CASE WHEN "in_invoiced" THEN ', invoiced' ELSE '' END
        || CASE WHEN "in_order_received" THEN ', order_received' ELSE '' END
        || CASE WHEN "in_delivering" THEN ', delivering' ELSE '' END
        || CASE WHEN "in_delivered" THEN ', delivered' ELSE '' END
        || CASE WHEN "in_cancelled" THEN ', cancelled' ELSE '' END
    , 3) AS held,
    "in_initialised",
    "in_checkout",
    "in_declined",
    "in_payment_made",
    "in_packing",
    "in_invoicing",
    "in_packed",
    "in_invoiced",
    "in_order_received",
    "in_delivering",
    "in_delivered",
    "in_cancelled",
    (done & 1) <> 0 AS "check_out",
    (done & 2) <> 0 AS "make_payment",
    (done & 4) <> 0 AS "try_another_card",
    (done & 8) <> 0 AS "cancel_order",
    (done & 16) <> 0 AS "abandon",
    (done & 32) <> 0 AS "validate_payment",
    (done & 64) <> 0 AS "pack_parcel",
    (done & 128) <> 0 AS "send_invoice",
    (done & 256) <> 0 AS "close_parcel",
    (done & 512) <> 0 AS "hand_to_courier",
    (done & 1024) <> 0 AS "sign_receipt",
    (done & 2048) <> 0 AS "make_payment_2",
    (done & 4096) <> 0 AS "make_payment_3",
    (done & 8192) <> 0 AS "try_another_card_2",
    substr(
        CASE WHEN (begun & ~done & ~closed & 1) <> 0 THEN ', check_out' ELSE '' END
        || CASE WHEN (begun & ~done & ~closed & 2) <> 0 THEN ', make_payment' ELSE '' END
        || CASE WHEN (begun & ~done & ~closed & 4) <> 0 THEN ', try_another_card' ELSE '' END
        || CASE WHEN (begun & ~done & ~closed & 8) <> 0 THEN ', cancel_order' ELSE '' END
        || CASE WHEN (begun & ~done & ~closed & 16) <> 0 THEN ', abandon' ELSE '' END
        || CASE WHEN (begun & ~done & ~closed & 32) <> 0 THEN ', validate_payment' ELSE '' END
        || CASE WHEN (begun & ~done & ~closed & 64) <> 0 THEN ', pack_parcel' ELSE '' END
        || CASE WHEN (begun & ~done & ~closed & 128) <> 0 THEN ', send_invoice' ELSE '' END
        || CASE WHEN (begun & ~done & ~closed & 256) <> 0 THEN ', close_parcel' ELSE '' END
        || CASE WHEN (begun & ~done & ~closed & 512) <> 0 THEN ', hand_to_courier' ELSE '' END
        || CASE WHEN (begun & ~done & ~closed & 1024) <> 0 THEN ', sign_receipt' ELSE '' END
        || CASE WHEN (begun & ~done & ~closed & 2048) <> 0 THEN ', make_payment_2' ELSE '' END
        || CASE WHEN (begun & ~done & ~closed & 4096) <> 0 THEN ', make_payment_3' ELSE '' END
        || CASE WHEN (begun & ~done & ~closed & 8192) <> 0 THEN ', try_another_card_2' ELSE '' END
    , 3) AS doubtful,
    substr(
        CASE WHEN (closed & ~done & 1) <> 0 THEN ', check_out' ELSE '' END
        || CASE WHEN (closed & ~done & 2) <> 0 THEN ', make_payment' ELSE '' END
        || CASE WHEN (closed & ~done & 4) <> 0 THEN ', try_another_card' ELSE '' END
        || CASE WHEN (closed & ~done & 8) <> 0 THEN ', cancel_order' ELSE '' END
        || CASE WHEN (closed & ~done & 16) <> 0 THEN ', abandon' ELSE '' END
        || CASE WHEN (closed & ~done & 32) <> 0 THEN ', validate_payment' ELSE '' END
        || CASE WHEN (closed & ~done & 64) <> 0 THEN ', pack_parcel' ELSE '' END
        || CASE WHEN (closed & ~done & 128) <> 0 THEN ', send_invoice' ELSE '' END
        || CASE WHEN (closed & ~done & 256) <> 0 THEN ', close_parcel' ELSE '' END
        || CASE WHEN (closed & ~done & 512) <> 0 THEN ', hand_to_courier' ELSE '' END
        || CASE WHEN (closed & ~done & 1024) <> 0 THEN ', sign_receipt' ELSE '' END
        || CASE WHEN (closed & ~done & 2048) <> 0 THEN ', make_payment_2' ELSE '' END
        || CASE WHEN (closed & ~done & 4096) <> 0 THEN ', make_payment_3' ELSE '' END
        || CASE WHEN (closed & ~done & 8192) <> 0 THEN ', try_another_card_2' ELSE '' END
    , 3) AS failed,
    substr(
        CASE WHEN (done & closed & 1) <> 0 THEN ', check_out' ELSE '' END
        || CASE WHEN (done & closed & 2) <> 0 THEN ', make_payment' ELSE '' END
        || CASE WHEN (done & closed & 4) <> 0 THEN ', try_another_card' ELSE '' END
        || CASE WHEN (done & closed & 8) <> 0 THEN ', cancel_order' ELSE '' END
        || CASE WHEN (done & closed & 16) <> 0 THEN ', abandon' ELSE '' END
        || CASE WHEN (done & closed & 32) <> 0 THEN ', validate_payment' ELSE '' END
        || CASE WHEN (done & closed & 64) <> 0 THEN ', pack_parcel' ELSE '' END
        || CASE WHEN (done & closed & 128) <> 0 THEN ', send_invoice' ELSE '' END
        || CASE WHEN (done & closed & 256) <> 0 THEN ', close_parcel' ELSE '' END
        || CASE WHEN (done & closed & 512) <> 0 THEN ', hand_to_courier' ELSE '' END
        || CASE WHEN (done & closed & 1024) <> 0 THEN ', sign_receipt' ELSE '' END
        || CASE WHEN (done & closed & 2048) <> 0 THEN ', make_payment_2' ELSE '' END
        || CASE WHEN (done & closed & 4096) <> 0 THEN ', make_payment_3' ELSE '' END
        || CASE WHEN (done & closed & 8192) <> 0 THEN ', try_another_card_2' ELSE '' END
    , 3) AS undone,
    substr(
        CASE WHEN (parked & 1) <> 0 THEN ', check_out' ELSE '' END
        || CASE WHEN (parked & 2) <> 0 THEN ', make_payment' ELSE '' END
        || CASE WHEN (parked & 4) <> 0 THEN ', try_another_card' ELSE '' END
        || CASE WHEN (parked & 8) <> 0 THEN ', cancel_order' ELSE '' END
        || CASE WHEN (parked & 16) <> 0 THEN ', abandon' ELSE '' END
        || CASE WHEN (parked & 32) <> 0 THEN ', validate_payment' ELSE '' END
        || CASE WHEN (parked & 64) <> 0 THEN ', pack_parcel' ELSE '' END
        || CASE WHEN (parked & 128) <> 0 THEN ', send_invoice' ELSE '' END
        || CASE WHEN (parked & 256) <> 0 THEN ', close_parcel' ELSE '' END
        || CASE WHEN (parked & 512) <> 0 THEN ', hand_to_courier' ELSE '' END
        || CASE WHEN (parked & 1024) <> 0 THEN ', sign_receipt' ELSE '' END
        || CASE WHEN (parked & 2048) <> 0 THEN ', make_payment_2' ELSE '' END
        || CASE WHEN (parked & 4096) <> 0 THEN ', make_payment_3' ELSE '' END
        || CASE WHEN (parked & 8192) <> 0 THEN ', try_another_card_2' ELSE '' END
    , 3) AS parked,
    substr(
        CASE WHEN (stuck & 1) <> 0 THEN ', check_out' ELSE '' END
        || CASE WHEN (stuck & 2) <> 0 THEN ', make_payment' ELSE '' END
        || CASE WHEN (stuck & 4) <> 0 THEN ', try_another_card' ELSE '' END
        || CASE WHEN (stuck & 8) <> 0 THEN ', cancel_order' ELSE '' END
        || CASE WHEN (stuck & 16) <> 0 THEN ', abandon' ELSE '' END
        || CASE WHEN (stuck & 32) <> 0 THEN ', validate_payment' ELSE '' END
        || CASE WHEN (stuck & 64) <> 0 THEN ', pack_parcel' ELSE '' END
        || CASE WHEN (stuck & 128) <> 0 THEN ', send_invoice' ELSE '' END
        || CASE WHEN (stuck & 256) <> 0 THEN ', close_parcel' ELSE '' END
        || CASE WHEN (stuck & 512) <> 0 THEN ', hand_to_courier' ELSE '' END
        || CASE WHEN (stuck & 1024) <> 0 THEN ', sign_receipt' ELSE '' END
        || CASE WHEN (stuck & 2048) <> 0 THEN ', make_payment_2' ELSE '' END
        || CASE WHEN (stuck & 4096) <> 0 THEN ', make_payment_3' ELSE '' END
        || CASE WHEN (stuck & 8192) <> 0 THEN ', try_another_card_2' ELSE '' END
    , 3) AS stuck,
    control < 2 AS running,
    (begun & ~done & ~closed) <> 0 AS in_doubt,
    (control & 1) <> 0 AS aborting,
    deadline > 0 AND deadline <= CAST(extract(epoch FROM statement_timestamp()) * 1000 AS BIGINT) AS overdue,
    parked > 0 OR stuck > 0 AS waiting,
    to_timestamp(nullif(started, 0) / 1000.0) AS started,
    started AS started_ms,
    to_timestamp(nullif(deadline, 0) / 1000.0) AS deadline,
    to_timestamp(nullif(due, 0) / 1000.0) AS due,
    to_timestamp(nullif(lease, 0) / 1000.0) AS lease,
    worker
FROM (
    SELECT
        CASE version
            WHEN 1 THEN ((begun | done) & 1) = 0
            ELSE 1 = 0 END
        AS "in_initialised",
        CASE version
            WHEN 1 THEN ((done & 1) <> 0 AND ((begun | done) & 26) = 0) OR ((done &
                4) <> 0 AND ((begun | done) & 2072) = 0) OR ((done & 8192) <> 0 AND
                ((begun | done) & 4120) = 0)
            ELSE 1 = 0 END
        AS "in_checkout",
        CASE version
            WHEN 1 THEN (((closed & ~done) & 2) <> 0 AND ((begun | done) & 12) = 0)
                OR (((closed & ~done) & 2048) <> 0 AND ((begun | done) & 8200) = 0)
                OR (((closed & ~done) & 4096) <> 0 AND ((begun | done) & 8) = 0)
            ELSE 1 = 0 END
        AS "in_declined",
        CASE version
            WHEN 1 THEN ((done & 6146) <> 0 AND ((begun | done) & 32) = 0)
            ELSE 1 = 0 END
        AS "in_payment_made",
        CASE version
            WHEN 1 THEN ((done & 32) <> 0 AND ((begun | done) & 64) = 0)
            ELSE 1 = 0 END
        AS "in_packing",
        CASE version
            WHEN 1 THEN ((done & 32) <> 0 AND ((begun | done) & 128) = 0)
            ELSE 1 = 0 END
        AS "in_invoicing",
        CASE version
            WHEN 1 THEN ((done & 64) <> 0 AND ((begun | done) & 256) = 0)
            ELSE 1 = 0 END
        AS "in_packed",
        CASE version
            WHEN 1 THEN ((done & 128) <> 0 AND ((begun | done) & 256) = 0)
            ELSE 1 = 0 END
        AS "in_invoiced",
        CASE version
            WHEN 1 THEN ((done & 256) <> 0 AND ((begun | done) & 512) = 0)
            ELSE 1 = 0 END
        AS "in_order_received",
        CASE version
            WHEN 1 THEN ((done & 512) <> 0 AND ((begun | done) & 1024) = 0)
            ELSE 1 = 0 END
        AS "in_delivering",
        CASE version
            WHEN 1 THEN (done & 1024) <> 0
            ELSE 1 = 0 END
        AS "in_delivered",
        CASE version
            WHEN 1 THEN (done & 24) <> 0
            ELSE 1 = 0 END
        AS "in_cancelled",
        saga_process.*
    FROM saga_process
    WHERE saga = 'order'
) AS process;

-- The logs by the names of the saga.

DROP VIEW IF EXISTS "order_event";
CREATE VIEW "order_event" AS
SELECT
    aggregate_id,
    seq,
    version,
    event,
    CASE step
        WHEN 0 THEN 'check_out'
        WHEN 1 THEN 'make_payment'
        WHEN 2 THEN 'try_another_card'
        WHEN 3 THEN 'cancel_order'
        WHEN 4 THEN 'abandon'
        WHEN 5 THEN 'validate_payment'
        WHEN 6 THEN 'pack_parcel'
        WHEN 7 THEN 'send_invoice'
        WHEN 8 THEN 'close_parcel'
        WHEN 9 THEN 'hand_to_courier'
        WHEN 10 THEN 'sign_receipt'
        WHEN 11 THEN 'make_payment_2'
        WHEN 12 THEN 'make_payment_3'
        WHEN 13 THEN 'try_another_card_2'
    END AS step,
    attempt,
    actor,
    to_timestamp(nullif(time, 0) / 1000.0) AS time,
    note
FROM saga_event
WHERE saga = 'order';

-- For the questions that are asked of many processes.

DROP INDEX IF EXISTS "order$running";
CREATE INDEX "order$running" ON saga_process (saga, started)
WHERE saga = 'order' AND (
    control < 2
);

DROP INDEX IF EXISTS "order$in_doubt";
CREATE INDEX "order$in_doubt" ON saga_process (saga, started)
WHERE saga = 'order' AND (
    (begun & ~done & ~closed) <> 0
);

DROP INDEX IF EXISTS "order$overdue";
CREATE INDEX "order$overdue" ON saga_process (saga, deadline)
WHERE saga = 'order' AND (
    deadline > 0
);

DROP INDEX IF EXISTS "order$held$initialised";
CREATE INDEX "order$held$initialised" ON saga_process (saga, started)
WHERE saga = 'order' AND (
    CASE version
        WHEN 1 THEN ((begun | done) & 1) = 0
        ELSE 1 = 0 END
);

DROP INDEX IF EXISTS "order$held$checkout";
CREATE INDEX "order$held$checkout" ON saga_process (saga, started)
WHERE saga = 'order' AND (
    CASE version
        WHEN 1 THEN ((done & 1) <> 0 AND ((begun | done) & 26) = 0) OR ((done &
            4) <> 0 AND ((begun | done) & 2072) = 0) OR ((done & 8192) <> 0 AND
            ((begun | done) & 4120) = 0)
        ELSE 1 = 0 END
);

DROP INDEX IF EXISTS "order$held$declined";
CREATE INDEX "order$held$declined" ON saga_process (saga, started)
WHERE saga = 'order' AND (
    CASE version
        WHEN 1 THEN (((closed & ~done) & 2) <> 0 AND ((begun | done) & 12) = 0)
            OR (((closed & ~done) & 2048) <> 0 AND ((begun | done) & 8200) = 0)
            OR (((closed & ~done) & 4096) <> 0 AND ((begun | done) & 8) = 0)
        ELSE 1 = 0 END
);

DROP INDEX IF EXISTS "order$held$payment_made";
CREATE INDEX "order$held$payment_made" ON saga_process (saga, started)
WHERE saga = 'order' AND (
    CASE version
        WHEN 1 THEN ((done & 6146) <> 0 AND ((begun | done) & 32) = 0)
        ELSE 1 = 0 END
);

DROP INDEX IF EXISTS "order$held$packing";
CREATE INDEX "order$held$packing" ON saga_process (saga, started)
WHERE saga = 'order' AND (
    CASE version
        WHEN 1 THEN ((done & 32) <> 0 AND ((begun | done) & 64) = 0)
        ELSE 1 = 0 END
);

DROP INDEX IF EXISTS "order$held$invoicing";
CREATE INDEX "order$held$invoicing" ON saga_process (saga, started)
WHERE saga = 'order' AND (
    CASE version
        WHEN 1 THEN ((done & 32) <> 0 AND ((begun | done) & 128) = 0)
        ELSE 1 = 0 END
);

DROP INDEX IF EXISTS "order$held$packed";
CREATE INDEX "order$held$packed" ON saga_process (saga, started)
WHERE saga = 'order' AND (
    CASE version
        WHEN 1 THEN ((done & 64) <> 0 AND ((begun | done) & 256) = 0)
        ELSE 1 = 0 END
);

DROP INDEX IF EXISTS "order$held$invoiced";
CREATE INDEX "order$held$invoiced" ON saga_process (saga, started)
WHERE saga = 'order' AND (
    CASE version
        WHEN 1 THEN ((done & 128) <> 0 AND ((begun | done) & 256) = 0)
        ELSE 1 = 0 END
);

DROP INDEX IF EXISTS "order$held$order_received";
CREATE INDEX "order$held$order_received" ON saga_process (saga, started)
WHERE saga = 'order' AND (
    CASE version
        WHEN 1 THEN ((done & 256) <> 0 AND ((begun | done) & 512) = 0)
        ELSE 1 = 0 END
);

DROP INDEX IF EXISTS "order$held$delivering";
CREATE INDEX "order$held$delivering" ON saga_process (saga, started)
WHERE saga = 'order' AND (
    CASE version
        WHEN 1 THEN ((done & 512) <> 0 AND ((begun | done) & 1024) = 0)
        ELSE 1 = 0 END
);

-- That few are in doubt no column tells; unless it is known the index is not taken.
CREATE STATISTICS IF NOT EXISTS "order$in_doubt"
ON (begun & ~done & ~closed) FROM saga_process;

COMMIT;
