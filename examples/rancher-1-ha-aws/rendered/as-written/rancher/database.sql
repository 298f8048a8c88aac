-- The database that rancher-ext-db (rancher-ext-db.rancher-vpc.internal) holds, and the server's own user in it. Rendered by rancher-gen.
-- Run it once as the database's administrator, from a node, with the user's password put in at CREATE USER; it stops
-- there until then, and can be run again:
--   mysql -h rancher-ext-db.rancher-vpc.internal -P 3306 -u ADMINISTRATOR -p < database.sql
-- That password goes into secrets.conf on every node, as secrets.conf.example says. It is not the administrator's:
-- where the provider manages that one, it changes by itself.
CREATE DATABASE IF NOT EXISTS `cattle` CHARACTER SET = 'utf8' COLLATE = 'utf8_general_ci';
CREATE USER IF NOT EXISTS 'cattle'@'172.22.0.0/255.255.0.0' IDENTIFIED BY PUT-THE-PASSWORD-HERE-IN-QUOTES;
GRANT ALL PRIVILEGES ON `cattle`.* TO 'cattle'@'172.22.0.0/255.255.0.0';
