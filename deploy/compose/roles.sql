-- Drawn by: palestra db roles
DO $$ BEGIN CREATE ROLE palestra_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE palestra_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE palestra_operator LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
GRANT palestra_app TO palestra_operator;
REVOKE ALL ON DATABASE palestra FROM PUBLIC;
GRANT CONNECT ON DATABASE palestra TO palestra_owner, palestra_app, palestra_operator;
ALTER SCHEMA public OWNER TO palestra_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO palestra_app, palestra_operator;
DO $$ BEGIN CREATE ROLE palestra_backup LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE BYPASSRLS; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
GRANT pg_read_all_data TO palestra_backup;
ALTER ROLE palestra_backup SET default_transaction_read_only = on;
GRANT CONNECT ON DATABASE palestra TO palestra_backup;
