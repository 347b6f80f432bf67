-- By age, for forgetting.
CREATE INDEX alert_received ON alert (received);
CREATE INDEX command_changed ON command (changed);
CREATE INDEX audit_time ON audit (time);
