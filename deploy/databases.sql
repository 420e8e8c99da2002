-- The second of the two databases; the first is made by the image, from POSTGRES_DB.
CREATE DATABASE dancu_ledger OWNER dancu;
