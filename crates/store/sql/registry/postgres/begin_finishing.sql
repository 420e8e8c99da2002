-- begin_finishing: opens the transaction that makes a nation complete.
BEGIN;
SET LOCAL maintenance_work_mem = '256MB';
SET LOCAL statement_timeout = 0;
