-- begin: takes the lock of the one writer before anything is read.
BEGIN IMMEDIATE
