#!/bin/sh
# Playwright has Firefox end with the first tab whose process dies. Here tabs die on purpose.
unset MOZ_CRASHREPORTER MOZ_CRASHREPORTER_NO_REPORT MOZ_CRASHREPORTER_SHUTDOWN
MOZ_CRASHREPORTER_DISABLE=1 exec "${REJOIN_FIREFOX:?}" "$@"
