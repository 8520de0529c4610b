CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL,
    request TEXT,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX audit_object ON audit (object, sequence);
-- Rails against mistakes of our own; the chain is what finds a change made on purpose.
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT raise(ABORT, 'the audit trail only grows'); END;
CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit
BEGIN SELECT raise(ABORT, 'the audit trail only grows'); END;

CREATE TABLE audit_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT;

-- A deleted version stays as a row, so that its number is never given again.
CREATE TABLE versions (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    major INTEGER NOT NULL,
    minor INTEGER NOT NULL,
    patch INTEGER NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    deployed_at INTEGER,
    deleted_at INTEGER,
    detector TEXT NOT NULL,
    task TEXT NOT NULL,
    metrics TEXT NOT NULL,
    card TEXT NOT NULL,
    digest TEXT NOT NULL,
    blob TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    report TEXT,
    signer TEXT,
    canaries TEXT,
    parent TEXT,
    job TEXT,
    run TEXT
) STRICT;
CREATE INDEX versions_name ON versions (name, major, minor, patch);
CREATE INDEX versions_job ON versions (job) WHERE job IS NOT NULL;
CREATE UNIQUE INDEX versions_active ON versions (name) WHERE status = 'active';

CREATE TABLE aliases (
    alias TEXT PRIMARY KEY,
    model TEXT NOT NULL REFERENCES versions (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_model ON aliases (model);

-- `previous` is the deployment that a rollback goes back to.
CREATE TABLE deployments (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    model TEXT NOT NULL REFERENCES versions (id),
    at INTEGER NOT NULL,
    previous INTEGER REFERENCES deployments (number)
) STRICT;
CREATE INDEX deployments_name ON deployments (name, number);

CREATE TABLE experiments (
    name TEXT PRIMARY KEY,
    control TEXT NOT NULL REFERENCES versions (id),
    treatment TEXT NOT NULL REFERENCES versions (id),
    share REAL NOT NULL,
    salt TEXT NOT NULL,
    started_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE rollback_rules (
    name TEXT PRIMARY KEY,
    max_error_rate REAL,
    max_p99_seconds REAL,
    min_requests INTEGER NOT NULL,
    window_seconds INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    priority INTEGER NOT NULL,
    spec TEXT NOT NULL,
    max_attempts INTEGER NOT NULL,
    state TEXT NOT NULL,
    actor TEXT NOT NULL,
    submitted_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    attempt INTEGER NOT NULL DEFAULT 0,
    progress REAL NOT NULL DEFAULT 0,
    step TEXT NOT NULL DEFAULT '',
    metrics TEXT NOT NULL DEFAULT '{}',
    checkpoint TEXT,
    error TEXT,
    result TEXT,
    cancel_requested INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX jobs_queue ON jobs (priority DESC, number) WHERE state = 'queued';
CREATE INDEX jobs_state ON jobs (state, number);

CREATE TABLE detections (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    task TEXT NOT NULL,
    entity TEXT,
    model_id TEXT NOT NULL,
    arm TEXT,
    kind TEXT NOT NULL,
    severity INTEGER NOT NULL,
    probability REAL,
    score REAL,
    threshold REAL,
    risk INTEGER NOT NULL,
    action TEXT NOT NULL,
    techniques TEXT NOT NULL,
    reasons TEXT NOT NULL,
    event TEXT NOT NULL,
    request TEXT,
    judgement TEXT
) STRICT;
CREATE INDEX detections_at ON detections (at, id);
CREATE INDEX detections_entity ON detections (entity, at, id) WHERE entity IS NOT NULL;
CREATE INDEX detections_judged ON detections (at, id) WHERE judgement IS NOT NULL;

CREATE TABLE feedback (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    detection TEXT NOT NULL REFERENCES detections (id) ON DELETE CASCADE,
    judgement TEXT NOT NULL,
    label TEXT,
    comment TEXT,
    actor TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX feedback_detection ON feedback (detection, number);

CREATE TABLE tallies (
    hour INTEGER NOT NULL,
    model_id TEXT NOT NULL,
    arm TEXT NOT NULL,
    predictions INTEGER NOT NULL,
    alerts INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (hour, model_id, arm)
) STRICT, WITHOUT ROWID;

CREATE TABLE shadow_scores (
    at INTEGER NOT NULL,
    prediction TEXT NOT NULL,
    model_id TEXT NOT NULL,
    probability REAL,
    alert INTEGER NOT NULL,
    active_id TEXT NOT NULL,
    active_probability REAL,
    active_alert INTEGER NOT NULL,
    PRIMARY KEY (at, prediction, model_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE feature_views (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    features TEXT NOT NULL,
    time_to_live INTEGER
) STRICT;

-- `packed` holds the values in the order of the view's features, eight bytes each, little end first.
CREATE TABLE feature_rows (
    view INTEGER NOT NULL REFERENCES feature_views (number),
    entity TEXT NOT NULL,
    at INTEGER NOT NULL,
    packed BLOB NOT NULL,
    PRIMARY KEY (view, entity, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    experiment TEXT NOT NULL,
    job TEXT UNIQUE,
    detector TEXT NOT NULL,
    params TEXT NOT NULL,
    data TEXT NOT NULL,
    state TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    model_id TEXT
) STRICT;

CREATE TABLE run_metrics (
    run INTEGER NOT NULL REFERENCES runs (number),
    metric TEXT NOT NULL,
    step INTEGER NOT NULL,
    value REAL,
    PRIMARY KEY (run, metric, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE artefacts (
    run INTEGER NOT NULL REFERENCES runs (number),
    name TEXT NOT NULL,
    blob TEXT NOT NULL,
    digest TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    hash BLOB NOT NULL,
    scopes TEXT NOT NULL,
    rate_limit REAL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    last_used_at INTEGER
) STRICT;

CREATE TABLE users (
    name TEXT PRIMARY KEY,
    password TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    hash BLOB PRIMARY KEY,
    user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user);

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- No status while the request is under way.
CREATE TABLE idempotency (
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    begun_at INTEGER NOT NULL,
    status INTEGER,
    body BLOB,
    PRIMARY KEY (actor, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_begun ON idempotency (begun_at);
