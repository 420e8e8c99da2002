-- clear: removes what the seeding of another nation left.
TRUNCATE seeding, citizens, agencies, credentials, licences
