"""Loads every model of core, so that the metadata is whole."""

import core.audit.models
import core.auth.account_models
import core.auth.models
import core.db.versions
import core.files.models
import core.http.idempotency
import core.integrations.models
import core.jobs.models
import core.notifications.models
import core.notifications.reminders.models
import core.privacy.models
import core.rbac.models
import core.webhooks.models  # noqa: F401 — importing them is the point
