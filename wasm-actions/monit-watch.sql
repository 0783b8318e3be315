-- What the database of monit-watch starts with. `database:` in a routes file and `jobs push --database` take the file
-- made of it: sqlite3 monit-watch.sqlite3 < monit-watch.sql
--
-- * stands for any characters. The longest pattern of the host wins, then that of the service.
CREATE TABLE responsible (host TEXT NOT NULL, service TEXT NOT NULL, developer TEXT NOT NULL, PRIMARY KEY (host, service));
INSERT INTO responsible (host, service, developer) VALUES
  ('web-*', '*', 'tim@mailtrigger.app'),
  ('db-*', 'postgresql', 'jolin@mailtrigger.app'),
  ('*', '*', 'tim@mailtrigger.app');
